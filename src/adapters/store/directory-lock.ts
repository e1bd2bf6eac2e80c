import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../ports/store.ts";

/** A lock on a data directory; the operating system frees it when the process dies, however it dies. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes `<directory>.lock` for this process alone. PGlite has no lock of its own, and two processes on one directory
 * corrupt it without an error (facts/storage.md). SQLite's exclusive mode is an operating system lock without stale
 * process ids. Not valid on NFS.
 *
 * @throws StoreError, not retryable, when another process has it.
 */
export function lockDirectory(directory: string): DirectoryLock {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(`${directory}.lock`, { timeout: 0 });
    database.exec("pragma locking_mode = exclusive; begin exclusive");
  } catch (cause) {
    database?.close();
    const isTaken = cause instanceof Error && "errcode" in cause && cause.errcode === 5;
    throw new StoreError(
      isTaken
        ? `another process uses the data directory ${directory}; use that process, or DATABASE_URL for several`
        : `cannot lock the data directory ${directory}`,
      { retryable: false, cause },
    );
  }
  const held = database;
  return { release: () => held.close() };
}
