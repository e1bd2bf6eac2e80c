import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { StoreError } from "../../ports/store.ts";
import { openPglite } from "./open-pglite.ts";
import { openPostgres } from "./open-postgres.ts";

const settings = ["fsync", "synchronous_commit", "full_page_writes"] as const;
const oldestVersion = 150_000;

/**
 * Opens the embedded store, which proves at once that a commit reaches the disk, and closes it. Where there is none yet, the disk is
 * tried with one beside it that is removed again.
 *
 * @throws StoreError when the directory is in use, cannot be read, or commits do not reach the disk
 */
export async function proveEmbeddedStore(dataDir: string): Promise<"store" | "disk"> {
  if (existsSync(join(dataDir, "store"))) {
    await (await openPglite(dataDir)).close();
    return "store";
  }
  const probe = makeProbe(dataDir);
  try {
    await (await openPglite(probe)).close();
    return "disk";
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/** A folder in the nearest folder that exists, which is on the disk that the store would be on. */
function makeProbe(dataDir: string): string {
  try {
    let parent = resolve(dataDir);
    while (!existsSync(parent)) parent = dirname(parent);
    return mkdtempSync(join(realpathSync(parent), ".routeward-doctor-"));
  } catch (cause) {
    throw new StoreError(`cannot use the data directory ${dataDir}`, { retryable: false, cause });
  }
}

/** What keeps a PostgreSQL from being durable, in words; empty when nothing does. @throws StoreError when it does not answer */
export async function inspectPostgres(
  databaseUrl: string,
): Promise<{ version: string; weaknesses: readonly string[] }> {
  const pool = await openPostgres(databaseUrl, () => {});
  try {
    const row = z.object({ value: z.string() });
    const read = async (name: string): Promise<string> => {
      const { rows } = await pool.query("select current_setting($1) as value", [name]);
      return row.parse(rows[0]).value;
    };
    const number = Number(await read("server_version_num"));
    const weaknesses: string[] = [];
    if (!(number >= oldestVersion)) weaknesses.push("it is older than PostgreSQL 15");
    for (const name of settings) {
      const value = await read(name);
      if (value === "off") weaknesses.push(`${name} is off`);
    }
    return { version: await read("server_version"), weaknesses };
  } finally {
    await pool.end();
  }
}
