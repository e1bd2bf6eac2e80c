import { createHash } from "node:crypto";
import type { FlagSnapshot, SegmentSnapshot } from "../../src/core/rollout/flag.ts";
import { readServed } from "../../src/core/rollout/test-serve.ts";
import { FeatBitError, type FlagChange, type FlagPort } from "../../src/ports/featbit.ts";

/** What happens to the next calls of FeatBit, one each. */
export type Weather = "fine" | "lost-answer" | "away" | "server-error" | "stale";

/** One FeatBit environment in memory, as facts/featbit.md describes it; whoever writes is told to `onWrite`. */
export interface FakeFeatBit {
  port: FlagPort;
  /** The only flag that the model looks at; null when there is none. */
  read(): FlagSnapshot | null;
  /** A change by hand. */
  edit(change: (flag: FlagSnapshot) => Partial<FlagSnapshot>): void;
  weather: Weather[];
  segments: SegmentSnapshot[];
  pendingChanges: number;
  /** The last attempt to read the flag failed. */
  isBlind: boolean;
}

const fail = (kind: "unavailable" | "unexpected" | "conflict" | "missing", status: number): FeatBitError =>
  new FeatBitError("the model's weather", { kind, status, retryable: kind === "unavailable" });

/** @param onWrite called after each change by our port, with the flag before and after */
export function createFakeFeatBit(
  flagKey: string,
  now: () => Date,
  onWrite: (before: FlagSnapshot | null, after: FlagSnapshot, what: string) => void,
): FakeFeatBit {
  let flag: FlagSnapshot | null = null;
  let revisions = 0;
  const changes: FlagChange[] = [];
  const draw = (): string =>
    createHash("sha256")
      .update(String((revisions += 1)))
      .digest("hex")
      .slice(0, 32);

  const note = (actor: string, comment: string, kinds: readonly string[]): void => {
    changes.unshift({ id: draw(), at: now().toISOString(), actor, actorId: actor, comment, kinds });
  };

  /** A call that reads: away or broken it says nothing. */
  const reading = async <T>(answer: () => T): Promise<T> => {
    const weather = fake.weather.shift() ?? "fine";
    if (weather === "away") throw fail("unavailable", 0);
    if (weather === "server-error") throw fail("unavailable", 503);
    return answer();
  };

  const writing = async <T>(what: string, act: () => T): Promise<T> => {
    const weather = fake.weather.shift() ?? "fine";
    if (weather === "away") throw fail("unavailable", 0);
    if (weather === "server-error") throw fail("unexpected", 500);
    if (weather === "stale") {
      // Somebody saved the flag without changing what it serves.
      if (flag !== null) flag = { ...flag, revision: draw() };
    }
    const before = flag;
    const result = act();
    if (flag !== null && flag !== before) onWrite(before, flag, what);
    if (weather === "lost-answer") throw fail("unavailable", 0);
    return result;
  };

  const replace = (
    what: string,
    revision: string | null,
    comment: string,
    change: (current: FlagSnapshot) => Partial<FlagSnapshot>,
  ): Promise<string> =>
    writing(what, () => {
      if (flag === null) throw fail("missing", 404);
      if (revision !== null && revision !== flag.revision) throw fail("conflict", 409);
      flag = { ...flag, ...change(flag), revision: draw(), updatedAt: now().toISOString() };
      note("routeward", comment, [what]);
      return flag.revision;
    });

  const port: FlagPort = {
    async readFlag(key) {
      fake.isBlind = true;
      const found = await reading(() => (key === flagKey ? flag : null));
      fake.isBlind = false;
      return found;
    },
    createFlag: (wanted) =>
      writing("create", () => {
        if (flag !== null) return "exists";
        flag = {
          id: "flag-1",
          key: wanted.key,
          revision: draw(),
          type: wanted.type,
          isEnabled: true,
          isArchived: false,
          offVariationId: wanted.offVariationId,
          variations: wanted.variations,
          targeting: {
            targetUsers: [],
            rules: [],
            fallthrough: {
              dispatchKey: null,
              includedInExpt: false,
              variations: [{ id: wanted.offVariationId, rollout: [0, 1], exptRollout: 1 }],
            },
            exptIncludeAllTargets: false,
          },
          tags: wanted.tags,
          updatorId: "routeward",
          updatedAt: now().toISOString(),
        };
        return "created";
      }),
    putVariations: (_key, revision, variations, comment) =>
      replace("variations", revision, comment, () => ({ variations })),
    putOffVariation: (_key, revision, offVariationId, comment) =>
      replace("off-variation", revision, comment, () => ({ offVariationId })),
    putTargeting: (_key, revision, targeting, comment) =>
      replace("targeting", revision, comment, () => ({ targeting })),
    toggle: (_key, isEnabled, comment) =>
      flag?.isEnabled === isEnabled
        ? reading(() => flag?.revision ?? "")
        : replace(isEnabled ? "toggle-on" : "toggle-off", null, comment, () => ({ isEnabled })),
    deleteFlag: () => Promise.reject(new Error("no rollout deletes the live flag")),
    countPendingChanges: () => reading(() => fake.pendingChanges),
    readSegments: (keys) => reading(() => fake.segments.filter(({ key }) => keys.includes(key))),
    readChanges: (_id, sinceMs, limit) =>
      reading(() => changes.filter(({ at }) => Date.parse(at) >= sinceMs).slice(0, limit)),
    async prove(_key, probes, { isCancelled }) {
      const held = await reading(() => flag);
      if (held === null) throw fail("missing", 404);
      if ((await isCancelled?.()) === true) return { ok: false, cancelled: true, elapsedMs: 1, results: [] };
      const results = probes.map((probe) => {
        const served = readServed(held, probe);
        const ok = JSON.stringify(served) === JSON.stringify(probe.expected);
        return { probe, served, ok, problem: null };
      });
      return { ok: results.every(({ ok }) => ok), cancelled: false, elapsedMs: 1, results };
    },
  };
  const fake: FakeFeatBit = {
    port,
    read: () => flag,
    edit(change) {
      if (flag === null) return;
      flag = { ...flag, ...change(flag), revision: draw(), updatedAt: now().toISOString() };
      note("Hand", "", ["edited"]);
    },
    weather: [],
    segments: [],
    pendingChanges: 0,
    isBlind: false,
  };
  return fake;
}
