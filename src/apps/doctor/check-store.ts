import { existsSync } from "node:fs";
import { inspectPostgres, proveEmbeddedStore } from "../../adapters/store/inspect-store.ts";
import { StoreError } from "../../ports/store.ts";
import type { Environment } from "../config/read-environment.ts";
import { findListener } from "../operator/ask-socket.ts";
import { socketPathOf } from "../operator/operator-socket.ts";
import { fail, pass, warn, type Finding } from "./finding.ts";

async function isAppRunning(dataDir: string): Promise<boolean> {
  if (!existsSync(dataDir)) return false;
  return findListener(socketPathOf(dataDir)).then(
    () => true,
    () => false,
  );
}

async function checkEmbedded(dataDir: string): Promise<Finding> {
  if (await isAppRunning(dataDir))
    return pass("store.durability", dataDir, "the app is running: it proved at its start that commits reach the disk");
  const proven = await proveEmbeddedStore(dataDir);
  return pass(
    "store.durability",
    dataDir,
    proven === "store"
      ? "a commit reaches the disk"
      : "there is no store yet; a commit to one beside it reaches the disk",
  );
}

/** Proves that what the store acknowledges is on the disk. */
export async function checkStore({ store }: Environment): Promise<Finding> {
  try {
    if (store.kind === "embedded") return await checkEmbedded(store.dataDir);
    const { version, weaknesses } = await inspectPostgres(store.databaseUrl);
    return weaknesses.length === 0
      ? pass("store.durability", "PostgreSQL", `version ${version}, commits are flushed`)
      : fail(
          "store.durability",
          "PostgreSQL",
          weaknesses.join("; "),
          "Set them on in postgresql.conf; use PostgreSQL 15 or later.",
        );
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const subject = store.kind === "embedded" ? store.dataDir : "PostgreSQL";
    if (error.message.includes("another process"))
      return warn(
        "store.durability",
        subject,
        "a process holds the store and its channel does not answer",
        "It is starting or stopping: look again in a moment.",
      );
    return fail(
      "store.durability",
      subject,
      error.message,
      store.kind === "embedded"
        ? "DATA_DIR must be a directory of a local disk that this user may write, with room."
        : "Check DATABASE_URL, and that the server takes connections from here.",
    );
  }
}
