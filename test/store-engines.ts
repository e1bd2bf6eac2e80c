import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import {
  type OpenedStore,
  type StoreLocation,
  type StoreReports,
  openStore,
} from "../src/adapters/store/open-store.ts";
import { type PostgresCluster, explainMissingPostgres, startPostgresCluster } from "./postgres-cluster.ts";

/** Makes stores of one engine for the tests of one file, and removes them afterwards. */
export interface StoreEngine {
  name: string;
  /** A new, empty place. */
  createLocation(): Promise<StoreLocation>;
  /** Opens a store there (or in a new place), closed after the file's tests at the latest. */
  open(location?: StoreLocation, options?: { now?: () => Date; reports?: StoreReports }): Promise<OpenedStore>;
}

/** Runs the same tests on the embedded store and on PostgreSQL; without PostgreSQL those are skipped and say why. */
export function describeEachEngine(what: string, tests: (engine: StoreEngine) => void): void {
  describe(`${what} on the embedded store`, () => {
    const directories: string[] = [];
    afterAll(() => {
      for (const directory of directories) rmSync(directory, { recursive: true, force: true });
    });
    tests(
      createEngine("embedded", () => {
        const dataDir = mkdtempSync(join(tmpdir(), "routeward-store-"));
        directories.push(dataDir);
        return Promise.resolve({ dataDir });
      }),
    );
  });

  const missing = explainMissingPostgres();
  describe.skipIf(missing !== undefined)(`${what} on PostgreSQL${missing === undefined ? "" : `: ${missing}`}`, () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgresCluster();
    });
    afterAll(() => cluster?.stop());
    tests(
      createEngine("postgresql", async () => {
        if (cluster === undefined) throw new Error("no cluster");
        return { databaseUrl: await cluster.createDatabase() };
      }),
    );
  });
}

function createEngine(name: string, createLocation: () => Promise<StoreLocation>): StoreEngine {
  const opened: OpenedStore[] = [];
  afterAll(async () => {
    for (const store of opened) await store.close();
  });
  return {
    name,
    createLocation,
    async open(location, options = {}) {
      const now = options.now ?? (() => new Date());
      const store = await openStore(location ?? (await createLocation()), now, options.reports);
      opened.push(store);
      return store;
    },
  };
}
