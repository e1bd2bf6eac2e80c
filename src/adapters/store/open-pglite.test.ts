import { spawn } from "node:child_process";
import fs, { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";
import { afterAll, expect, it } from "vitest";
import { StoreError } from "../../ports/store.ts";
import { DurableNodeFS } from "./durable-node-fs.ts";
import { openPglite } from "./open-pglite.ts";

const base = mkdtempSync(join(tmpdir(), "routeward-pglite-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const durableParams = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  "-c",
  "fsync=on",
  "-c",
  "wal_sync_method=fsync",
];

it.each([
  [
    "stock PGlite, which switches fsync off",
    { createFileSystem: (directory: string) => new NodeFS(directory), startParams: PGlite.defaultStartParams },
    "fsync is off",
  ],
  [
    "the right settings over a file system that never flushes",
    { createFileSystem: (directory: string) => new NodeFS(directory), startParams: durableParams },
    "did not flush",
  ],
  [
    "a file system that flushes under a PostgreSQL that never asks",
    {
      createFileSystem: (directory: string) => new DurableNodeFS(directory, () => {}),
      startParams: PGlite.defaultStartParams,
    },
    "fsync is off",
  ],
  [
    "commits that do not wait for the disk",
    {
      createFileSystem: (directory: string) => new DurableNodeFS(directory, () => {}),
      startParams: [...durableParams, "-c", "synchronous_commit=off"],
    },
    "synchronous_commit is off",
  ],
])("refuses to run on %s, and frees the directory", async (_name, parts, reason) => {
  const dataDir = mkdtempSync(join(base, "refused-"));
  const attempt = openPglite(dataDir, parts);
  await expect(attempt).rejects.toThrow(StoreError);
  await expect(attempt).rejects.toThrow(reason);
  const opened = await openPglite(dataDir);
  await opened.close();
});

it("flushes every commit to the disk", async () => {
  const fileSystems: DurableNodeFS[] = [];
  const opened = await openPglite(mkdtempSync(join(base, "flushes-")), {
    createFileSystem(directory) {
      const fileSystem = new DurableNodeFS(directory, () => {});
      fileSystems.push(fileSystem);
      return fileSystem;
    },
    startParams: durableParams,
  });
  await opened.pglite.exec("create table t (n int)");
  const before = fileSystems[0]?.flushes ?? 0;
  for (let n = 0; n < 20; n += 1) await opened.pglite.query("insert into t values ($1)", [n]);
  expect((fileSystems[0]?.flushes ?? 0) - before).toBeGreaterThanOrEqual(20);
  await opened.close();
});

it("acknowledges nothing that the disk refused to flush, and nothing after it, until it is opened again", async () => {
  const dataDir = mkdtempSync(join(base, "broken-"));
  const opened = await openPglite(dataDir);
  const { pglite } = opened;
  await pglite.exec("create table t (n int)");
  await pglite.query("insert into t values (1)");
  const fsyncSync = fs.fsyncSync;
  fs.fsyncSync = () => {
    throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" });
  };
  syncBuiltinESMExports();
  try {
    const waiting = pglite.query("insert into t values (3)").catch((error: unknown) => error);
    await expect(pglite.query("insert into t values (2)")).rejects.toThrow("broke");
    expect(await waiting).toBeInstanceOf(Error);
  } finally {
    fs.fsyncSync = fsyncSync;
    syncBuiltinESMExports();
  }
  await expect(pglite.query("select 1")).rejects.toThrow(StoreError);
  const inTransaction = pglite.transaction((tx) => tx.query("select 1"));
  await expect(inTransaction).rejects.toMatchObject({ retryable: false });
  expect(await opened.broken).toBeInstanceOf(StoreError);
  await opened.close();
  const again = await openPglite(dataDir);
  const { rows } = await again.pglite.query<{ n: number }>("select n from t where n = 1");
  expect(rows).toEqual([{ n: 1 }]);
  await again.close();
});

it("lets nobody else open a directory that is in use, not by another name and not from another process", async () => {
  const dataDir = mkdtempSync(join(base, "locked-"));
  const link = join(base, "link");
  symlinkSync(dataDir, link);
  const opened = await openPglite(dataDir);
  await expect(openPglite(link)).rejects.toThrow("another process uses");
  expect(await openElsewhere(dataDir)).toContain("another process uses");
  await opened.close();
  expect(await openElsewhere(link)).toContain("opened");
});

it("says what is wrong with a data directory that cannot be one", async () => {
  const file = join(base, "file");
  writeFileSync(file, "");
  await expect(openPglite(file)).rejects.toThrow("cannot use the data directory");
  const foreign = join(base, "foreign");
  mkdirSync(join(foreign, "store"), { recursive: true });
  writeFileSync(join(foreign, "store", "PG_VERSION"), "9\n");
  await expect(openPglite(foreign)).rejects.toThrow(StoreError);
});

async function openElsewhere(dataDir: string): Promise<string> {
  const module = new URL("open-pglite.ts", import.meta.url).href;
  const script = `const { openPglite } = await import(${JSON.stringify(module)});
    try { const opened = await openPglite(${JSON.stringify(dataDir)}); console.log("opened"); await opened.close(); }
    catch (error) { console.log(error.message); }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await new Promise((resolve) => {
    child.once("close", resolve);
  });
  return output;
}
