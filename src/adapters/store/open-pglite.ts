import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import type { NodeFS } from "@electric-sql/pglite/nodefs";
import { StoreError } from "../../ports/store.ts";
import { createBreakGuard } from "./break-guard.ts";
import { lockDirectory } from "./directory-lock.ts";
import { DurableNodeFS } from "./durable-node-fs.ts";
import { describeFailure } from "./store-failure.ts";
import { WatchedPglite } from "./watched-pglite.ts";

/** The embedded database, locked for this process and proven to reach the disk. */
export interface EmbeddedDatabase {
  pglite: PGlite;
  /** Resolves when the database broke for good: the disk refused a flush, or the engine died. */
  broken: Promise<StoreError>;
  /** Closes the database and frees the directory. Repeatable. */
  close(): Promise<void>;
}

/** What the durability self-test needs of a file system: how often it flushed. */
export type CountedFileSystem = NodeFS & { readonly flushes?: number };

/** Parts that a test replaces to see that a start without durability is refused. */
export interface PgliteParts {
  createFileSystem: (directory: string, reportFailure: (error: unknown) => void) => CountedFileSystem;
  startParams: readonly string[];
}

/**
 * PGlite's own start parameters switch fsync off (`-F`), and its default sync method is said to do nothing
 * (electric-sql/pglite#1107), so both are set.
 */
const durableParts: PgliteParts = {
  createFileSystem: (directory, reportFailure) => new DurableNodeFS(directory, reportFailure),
  startParams: [
    ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
    "-c",
    "fsync=on",
    "-c",
    "wal_sync_method=fsync",
    "-c",
    "synchronous_commit=on",
  ],
};

/**
 * Opens the embedded store in `<dataDir>/store`, which is made when missing. The lock lies beside it, inside the data
 * directory, so that two containers with one volume see each other.
 *
 * @throws StoreError, not retryable, when the directory is in use, cannot be read, or commits do not reach the disk.
 */
export async function openPglite(dataDir: string, parts: PgliteParts = durableParts): Promise<EmbeddedDatabase> {
  const directory = prepareDirectory(dataDir);
  const lock = lockDirectory(directory);
  const guard = createBreakGuard();
  let pglite: PGlite | undefined;
  try {
    const fileSystem = parts.createFileSystem(directory, (error) => guard.break(error));
    const options = { fs: fileSystem, startParams: [...parts.startParams], relaxedDurability: false };
    pglite = new WatchedPglite(options, guard);
    await pglite.waitReady;
    await requireDurability(pglite, fileSystem);
  } catch (error) {
    // One that never got ready, or broke, cannot be closed and holds nothing.
    if (pglite?.ready === true && guard.failure === undefined) await pglite.close();
    lock.release();
    throw describeFailure(`failed to open the embedded store in ${directory}`, error);
  }
  const opened = pglite;
  const closeBoth = async (): Promise<void> => {
    try {
      // A broken one would never finish closing.
      if (!opened.closed && guard.failure === undefined) await opened.close();
    } finally {
      lock.release();
    }
  };
  let closing: Promise<void> | undefined;
  return { pglite: opened, broken: guard.broken, close: () => (closing ??= closeBoth()) };
}

function prepareDirectory(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // By its real path, so that a link to the directory does not get a lock of its own.
    return join(realpathSync(dataDir), "store");
  } catch (cause) {
    throw new StoreError(`cannot use the data directory ${dataDir}`, { retryable: false, cause });
  }
}

const requiredSettings = [
  ["fsync", "on"],
  ["wal_sync_method", "fsync"],
  ["synchronous_commit", "on"],
  ["full_page_writes", "on"],
] as const;

/**
 * Proves that a commit reaches the disk: the settings are right and a probe commit makes the file system flush. Without
 * it everything works until the first power cut (facts/storage.md: 16,072 of 16,072 acknowledged commits lost).
 */
async function requireDurability(pglite: PGlite, fileSystem: CountedFileSystem): Promise<void> {
  for (const [name, expected] of requiredSettings) {
    const { rows } = await pglite.query<{ value: string }>("select current_setting($1) as value", [name]);
    if (rows[0]?.value !== expected) refuse(`${name} is ${rows[0]?.value ?? "unknown"}, not ${expected}`);
  }
  const before = fileSystem.flushes ?? 0;
  // Writes to the log and to nothing else, so that the probe leaves no row behind.
  await pglite.query("select pg_logical_emit_message(true, 'routeward', 'durability probe')");
  if ((fileSystem.flushes ?? 0) <= before) refuse("a commit did not flush any file");
}

function refuse(reason: string): never {
  throw new StoreError(`the embedded store is not durable: ${reason}`, { retryable: false });
}
