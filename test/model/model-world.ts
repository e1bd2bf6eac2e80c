import type { ApprovedRoute, BindingFacts } from "../../src/core/facts.ts";
import { computeBucket } from "../../src/core/rollout/bucket.ts";
import type { FlagSnapshot } from "../../src/core/rollout/flag.ts";
import { deriveVariationIds } from "../../src/core/rollout/flag-identity.ts";
import { hasSynthetic } from "../../src/core/rollout/live-rehearsal.ts";
import { exampleAudiences } from "../../src/core/rollout/test-builders.ts";
import { readServed } from "../../src/core/rollout/test-serve.ts";
import { builtInPolicy } from "../../src/core/policy/built-in-policy.ts";
import { digestBundle } from "../../src/core/routes/digest-bundle.ts";
import { assertNever } from "../../src/core/problem.ts";
import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { advanceFlag } from "../../src/flows/rollout/advance-flag.ts";
import { askLiveRehearsal } from "../../src/flows/rollout/ask-live-rehearsal.ts";
import { pauseFlag, resumeFlag } from "../../src/flows/rollout/pause-flag.ts";
import { requestRollback } from "../../src/flows/rollout/roll-back.ts";
import type { RolloutPorts } from "../../src/flows/rollout/rollout-ports.ts";
import { watchBinding, type WatchPorts } from "../../src/flows/rollout/watch-binding.ts";
import {
  approvedRouteKind,
  keyOfFlag,
  latchKind,
  liveRehearsalKind,
  liveStateKind,
  rehearsalKind,
  rolloutOutboxKind,
  rolloutStatusKind,
  subjectOfFlag,
} from "../../src/flows/records.ts";
import { updateRecord } from "../../src/flows/update-record.ts";
import { GitHubError, type GitHubPort } from "../../src/ports/github.ts";
import type { JobQueue } from "../../src/ports/queue.ts";
import type { Store } from "../../src/ports/store.ts";
import { arm, createBomb, Killed } from "../crash.ts";
import { bindingName, createFakeGitHub } from "../rollout-world.ts";
import { createFakeFeatBit, type FakeFeatBit, type Weather } from "./fake-featbit.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";

export const statuses = [
  "approved-for-testing",
  "approved-for-internal-canary",
  "approved-for-customer-canary",
  "approved-for-ab-comparison",
  "approved-as-default",
  "rolled-back",
] as const;
type Status = (typeof statuses)[number];

const flagKey = "support_model";
const name = { binding: bindingName, flagKey };
const key = keyOfFlag(bindingName, flagKey);
const path = "model-routes/support-model.yaml";
const policyPath = ".github/routeward.yml";
const minute = 60_000;
const hour = 60 * minute;

function renderRoute(status: Status, candidate: string): string {
  return [
    "model_change:",
    `  flagKey: ${flagKey}`,
    "  owner: support",
    "  dataClasses: [public]",
    "  baseline: { provider: openai, model: gpt-4o-2024-08-06 }",
    `  candidate: { provider: openai, model: ${candidate} }`,
    `  approval: { status: ${status} }`,
    "  guardrails:",
    '    - { name: p95, category: latency, metric: p95, threshold: "<= 3", window: 1h }',
    '    - { name: unsafe, category: safety, metric: unsafe, threshold: "<= 0", window: 1h, onBreach: rollback }',
    "  exposure:",
    "    plan:",
    "      - { stage: internal-canary, audience: internal-support, soak: 1h }",
    "      - { stage: customer-canary, audience: low-risk-accounts, steps: [5, 25], soak: 2h }",
    "      - { stage: ab-comparison, audience: all-eligible, steps: [50], soak: 2h }",
    "      - { stage: default }",
    "    excluded: [regulated-region, enterprise-legal-review]",
    "  rollback: { defaultVariation: baseline, owner: ai-platform-owner }",
    "",
  ].join("\n");
}

const renderPolicy = (drift: "alert" | "repair"): string =>
  [
    "metrics:",
    '  p95: { category: latency, value: \'p95{route="$route",variation="$variation"}\' }',
    '  unsafe: { category: safety, value: \'unsafe{route="$route",variation="$variation"}\' }',
    "onBreach: pause",
    `drift: ${drift}`,
    "mode: enforce",
    "",
  ].join("\n");

/** The approved parts of each file that the model merges, parsed once. */
const prepared = new Map<string, Pick<ApprovedRoute, "text" | "candidateDigest" | "baselineDigest">>();

function prepareRoute(
  status: Status,
  candidate: string,
): Pick<ApprovedRoute, "text" | "candidateDigest" | "baselineDigest"> {
  const known = prepared.get(`${status} ${candidate}`);
  if (known !== undefined) return known;
  const text = renderRoute(status, candidate);
  const parsed = parseRouteFile(path, { kind: "text", text });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join("; "));
  const { record } = parsed.value;
  const made = {
    text,
    candidateDigest: record.candidate === null ? null : digestBundle(record.candidate, {}),
    baselineDigest: digestBundle(record.baseline, {}) ?? "",
  };
  prepared.set(`${status} ${candidate}`, made);
  return made;
}

interface Person {
  userKey: string;
  attributes: Readonly<Record<string, string>>;
}

/** An account whose place on the line lies between two shares. */
function findAccount(from: number, to: number): string {
  for (let n = 0; ; n += 1) {
    const bucket = computeBucket(`${flagKey}acct-${n}`);
    if (bucket > from && bucket < to) return `acct-${n}`;
  }
}

const places = [0.02, 0.15, 0.4, 0.8].map((place) => findAccount(place - 0.015, place + 0.015));

/** Every mixture of what the audiences and exclusions ask about, at every place of the line. */
const crowd: readonly Person[] = [undefined, ...places].flatMap((accountId) =>
  [undefined, "support"].flatMap((team) =>
    [undefined, "low"].flatMap((riskTier) =>
      [undefined, "eu", "elsewhere"].flatMap((region) =>
        ["user", "legal"].map((kind) => ({
          userKey: `${kind}-1`,
          attributes: Object.fromEntries(
            Object.entries({ accountId, team, riskTier, region }).flatMap(([property, value]) =>
              value === undefined ? [] : [[property, value] as const],
            ),
          ),
        })),
      ),
    ),
  ),
);

/** Who may have the candidate by SPEC 10 at the widest step of a status; written without looking at rules. */
function mayHave(status: Status, { userKey, attributes }: Person): boolean {
  const { accountId, team, riskTier, region } = attributes;
  if (region !== "eu" || userKey.startsWith("legal")) return false;
  const isInside = (share: number): boolean =>
    accountId !== undefined && computeBucket(flagKey + accountId) <= share / 100;
  const internal = team === "support";
  const canary = internal || (riskTier === "low" && isInside(25));
  switch (status) {
    case "approved-for-internal-canary":
      return internal;
    case "approved-for-customer-canary":
      return canary;
    case "approved-for-ab-comparison":
      return canary || isInside(50);
    case "approved-as-default":
      return true;
    case "approved-for-testing":
    case "rolled-back":
      return false;
    default:
      return assertNever(status);
  }
}

const exposedOf = new WeakMap<FlagSnapshot, ReadonlyMap<number, string>>();

/** Indices of the people who are served a candidate, with its digest. A snapshot never changes, so each is asked about once. */
function listExposed(flag: FlagSnapshot | null): ReadonlyMap<number, string> {
  if (flag === null) return new Map();
  const known = exposedOf.get(flag);
  if (known !== undefined) return known;
  const exposed = new Map(
    crowd.flatMap((person, index) => {
      const { variation, digest } = readServed(flag, person);
      return variation === "candidate" ? [[index, digest ?? ""] as const] : [];
    }),
  );
  exposedOf.set(flag, exposed);
  return exposed;
}

/** A broken invariant. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/**
 * FeatBit, GitHub, the metrics source and the store in memory, the real flows over them, and what must never happen. Everything that
 * happens is a method; `rest` lets the app come to rest and looks at the end.
 */
export class ModelWorld {
  #clock = Date.parse("2026-06-16T09:00:00Z");
  readonly #store: MemoryStore;
  readonly #featbit: FakeFeatBit;
  readonly #github = createFakeGitHub();
  readonly #ports: RolloutPorts & WatchPorts;
  #weatherOfMetrics: "good" | "slow" | "unsafe" | "silent" = "good";
  #githubAnswers = true;
  #asked: { status: Status; digest: string | null; approvedAt: number } | null = null;
  #latchedAt: number | null = null;
  /** Nobody but us has written since the stage that was live last was proven. */
  #isUntouched = false;
  #isJobWaiting = false;
  #merges = 0;
  #requests = 0;
  /** Effects until the process of the next run dies; 0: it does not. */
  #fuse = 0;
  readonly counts = { runs: 0, writes: 0, crashes: 0, live: 0, latched: 0, held: 0, rehearsed: 0, steps: 0 };

  constructor(drift: "alert" | "repair") {
    this.#store = createMemoryStore(this.#now);
    this.#featbit = createFakeFeatBit(flagKey, this.#now, (before, after, what) =>
      this.#checkWrite(before, after, what),
    );
    this.#featbit.segments = [
      {
        id: "seg-legal",
        key: "enterprise-legal-review",
        isArchived: false,
        included: ["legal-1"],
        excluded: [],
        rules: [],
      },
    ];
    this.#github.files.set(policyPath, renderPolicy(drift));
    const binding: BindingFacts = {
      name: bindingName,
      repositories: ["acme/support-routes"],
      environment: "production",
      isProduction: true,
      flagKeys: ["*"],
      dispatchKey: "accountId",
    };
    const enqueue = (queue: string): Promise<void> => {
      if (queue === "flag") this.#isJobWaiting = true;
      return Promise.resolve();
    };
    const queue: Pick<JobQueue, "enqueue" | "enqueueIn"> = {
      enqueue: (which) => enqueue(which),
      enqueueIn: (_tx, which) => enqueue(which),
    };
    this.#ports = {
      store: this.#store as Store,
      queue: queue as JobQueue,
      github: {
        ...this.#github.port,
        openRepository: (owner, repository) =>
          this.#githubAnswers
            ? this.#github.port.openRepository(owner, repository)
            : Promise.reject(new GitHubError("away", { kind: "unavailable", status: 0, retryable: true })),
      } satisfies GitHubPort,
      flags: new Map([[bindingName, this.#featbit.port]]),
      bindings: [binding],
      routeProbes: new Map(),
      metrics: new Map([
        [
          bindingName,
          {
            measure: (queries, at) =>
              Promise.resolve(
                queries.map(({ guardrail, variation }) => ({
                  guardrail,
                  variation,
                  at,
                  outcome:
                    this.#weatherOfMetrics === "silent"
                      ? ({ kind: "no-data" } as const)
                      : ({ kind: "value", value: this.#read(guardrail), samples: null } as const),
                })),
              ),
          },
        ],
      ]),
      stopwatch: () => this.#clock,
    };
  }

  #now = (): Date => new Date(this.#clock);

  #read(guardrail: string): number {
    if (guardrail === "p95") return this.#weatherOfMetrics === "slow" ? 9 : 1;
    return this.#weatherOfMetrics === "unsafe" ? 4 : 0;
  }

  // What happens ------------------------------------------------------------------------------------------------------

  async merge(status: Status, candidate: string): Promise<void> {
    this.#clock += 1_000;
    this.#merges += 1;
    const made = prepareRoute(status, candidate);
    this.#github.files.set(path, made.text);
    const approved: ApprovedRoute = {
      ...name,
      ...made,
      environment: "production",
      repository: "acme/support-routes",
      path,
      files: {},
      audiences: exampleAudiences,
      mergeSha: String(this.#merges).padStart(40, "a"),
      pull: this.#merges,
      approvedAt: this.#now().toISOString(),
      approvers: [],
      tier: "high",
    };
    await updateRecord(
      this.#store as Store,
      approvedRouteKind,
      key,
      subjectOfFlag(bindingName, flagKey),
      () => approved,
    );
    this.#asked = { status, digest: made.candidateDigest, approvedAt: this.#clock };
    this.#isUntouched = false;
    this.#isJobWaiting = true;
  }

  /** The default branch holds something that nobody approved. */
  pushUnapproved(): void {
    this.#github.files.set(path, "model_change: {}\n");
    this.#isJobWaiting = true;
  }

  async rollBack(): Promise<void> {
    this.#clock += 1_000;
    const request = {
      ...name,
      by: "@ann",
      reason: "wrong",
      cause: "command",
      repository: "acme/support-routes",
    } as const;
    await requestRollback({ ...request, pull: 1 }, this.#ports, this.#now);
    this.#latchedAt = this.#clock;
  }

  async pause(): Promise<void> {
    await pauseFlag({ ...name, by: "@ann", reason: "looking" }, this.#ports, this.#now());
  }

  async resume(): Promise<void> {
    await resumeFlag({ ...name, by: "@ann" }, builtInPolicy, this.#ports, this.#now());
  }

  async rehearse(): Promise<void> {
    this.#requests += 1;
    const where = { repository: "acme/support-routes", repositoryId: 1, pull: 1 };
    const requestId = String(this.#requests);
    const candidateDigest = this.#asked?.digest ?? "";
    await askLiveRehearsal({ ...name, ...where, candidateDigest, by: "@ann", requestId }, this.#ports, this.#now);
  }

  switchByHand(isEnabled: boolean): void {
    this.#featbit.edit(() => ({ isEnabled }));
    this.#touch();
  }

  edit(what: "everyone" | "nobody" | "target" | "off-variation" | "value" | "segment"): void {
    const ids = deriveVariationIds(name);
    const whole = (id: string) => [{ id, rollout: [0, 1] as const, exptRollout: 1 }];
    this.#featbit.edit(({ targeting, variations }) => {
      switch (what) {
        case "everyone":
          return {
            targeting: { ...targeting, fallthrough: { ...targeting.fallthrough, variations: whole(ids.candidate) } },
          };
        case "nobody":
          return { targeting: { ...targeting, rules: [] } };
        case "target":
          return { targeting: { ...targeting, targetUsers: [{ variationId: ids.candidate, keyIds: ["user-1"] }] } };
        case "off-variation":
          return { offVariationId: ids.candidate };
        case "value":
          return { variations: variations.map((one) => (one.name === "baseline" ? { ...one, value: "{}" } : one)) };
        case "segment":
          return {};
        default:
          return assertNever(what);
      }
    });
    if (what === "segment")
      this.#featbit.segments = this.#featbit.segments.map((one) => ({
        ...one,
        included: [...one.included, "legal-2"],
      }));
    this.#touch();
  }

  #touch(): void {
    this.#isUntouched = false;
    this.#isJobWaiting = true;
  }

  setWeather(weather: readonly Weather[]): void {
    this.#featbit.weather = [...weather];
  }

  setPending(count: number): void {
    this.#featbit.pendingChanges = count;
  }

  setGitHub(answers: boolean): void {
    this.#githubAnswers = answers;
  }

  setMetrics(weather: "good" | "slow" | "unsafe" | "silent"): void {
    this.#weatherOfMetrics = weather;
  }

  killAfter(effects: number): void {
    this.#fuse = effects;
  }

  /** Looks of the watch, an hour apart. */
  async look(times: number): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      this.#clock += hour;
      await this.#tolerate((ports) => watchBinding({ binding: bindingName, everyMs: hour }, ports, this.#now));
      await this.#noteLatch();
      if (this.#isJobWaiting) await this.run();
    }
  }

  /** The flag's job, once. */
  async run(): Promise<boolean> {
    this.#isJobWaiting = false;
    this.counts.runs += 1;
    this.#clock += 1_000;
    const isDone = await this.#tolerate((ports) => advanceFlag(name, ports, this.#now));
    await this.#noteLatch();
    if (isDone) await this.#checkSettled();
    else this.#isJobWaiting = true;
    return isDone;
  }

  /** Whether it ended; a process that was killed or met bad weather did not. */
  async #tolerate(act: (ports: RolloutPorts & WatchPorts) => Promise<unknown>): Promise<boolean> {
    const bomb = createBomb(this.#fuse);
    this.#fuse = 0;
    const ports: RolloutPorts & WatchPorts =
      bomb.at === 0
        ? this.#ports
        : {
            ...this.#ports,
            store: arm("store", this.#ports.store, bomb),
            flags: new Map([[bindingName, arm("flags", this.#featbit.port, bomb)]]),
            github: {
              ...this.#ports.github,
              openRepository: async (owner, repository) =>
                arm("github", await this.#ports.github.openRepository(owner, repository), bomb),
            },
          };
    try {
      await act(ports);
      return true;
    } catch (error) {
      if (error instanceof Killed) this.counts.crashes += 1;
      else if (!(error instanceof Error) || !["FeatBitError", "GitHubError", "UnprovenError"].includes(error.name))
        throw error;
      return false;
    }
  }

  // What must never happen --------------------------------------------------------------------------------------------

  async #noteLatch(): Promise<void> {
    const latch = await this.#store.getRecord(latchKind, key);
    this.#latchedAt = latch === undefined ? null : Date.parse(latch.value.at);
  }

  /** Every single write of ours, at the moment at which it took place. */
  #checkWrite(before: FlagSnapshot | null, after: FlagSnapshot, what: string): void {
    this.counts.writes += 1;
    const asked = this.#asked;
    const isReleased = this.#latchedAt === null || (asked !== null && asked.approvedAt > this.#latchedAt);
    if (what === "toggle-on" && (this.#latchedAt === null || !isReleased || asked === null))
      throw new Broken("switched an off flag on without a later approved re-entry");
    // Switching off blindly is worth the risk that somebody changed what off serves (docs/decisions/0011).
    if (what === "toggle-off" && this.#featbit.isBlind) return;
    const old = listExposed(before);
    const next = listExposed(after);
    for (const [index, digest] of next) {
      if (old.get(index) === digest) continue;
      const person = crowd[index];
      const may = asked !== null && isReleased && digest === asked.digest && person !== undefined;
      if (!may || !mayHave(asked.status, person))
        throw new Broken(`${what} exposed ${JSON.stringify(person)} beyond ${asked?.status ?? "nothing"}`);
    }
    if (!this.#isUntouched || this.#latchedAt !== null) return;
    for (const [index, digest] of old)
      if (next.get(index) !== digest)
        throw new Broken(`${what} took the candidate from ${JSON.stringify(crowd[index])}`);
  }

  /** What a run that ended left behind. */
  async #checkSettled(): Promise<void> {
    const status = (await this.#store.getRecord(rolloutStatusKind, key))?.value;
    const live = (await this.#store.getRecord(liveStateKind, key))?.value;
    const latch = await this.#store.getRecord(latchKind, key);
    const flag = this.#featbit.read();
    if (status?.state === "held" && status.reason === "") throw new Broken("held without a reason");
    if (status?.state === "moving") throw new Broken("a run ended while moving");
    if (flag !== null && hasSynthetic(name, flag)) throw new Broken("a synthetic user was left behind");
    if ((await this.#store.getRecord(liveRehearsalKind, key)) !== undefined)
      throw new Broken("a rehearsal is not over");
    if (latch !== undefined && flag !== null && status?.state === "off") {
      this.counts.latched += 1;
      if (flag.isEnabled) throw new Broken("a latched flag is on");
      if (listExposed(flag).size > 0) throw new Broken("a latched flag exposes somebody");
    }
    if (latch !== undefined && status?.state === "live") throw new Broken("live under a latch");
    this.counts.rehearsed += (await this.#store.listRecords(rehearsalKind)).length;
    if (status?.state === "held") this.counts.held += 1;
    if (status?.state !== "live" || live === undefined) return;
    this.counts.live += 1;
    this.counts.steps += live.step > 0 ? 1 : 0;
    this.#isUntouched = true;
    for (const [index, digest] of listExposed(flag)) {
      const person = crowd[index];
      const asked = this.#asked;
      if (asked === null || person === undefined || digest !== asked.digest || !mayHave(asked.status, person))
        throw new Broken(`live exposes ${JSON.stringify(person)} beyond ${asked?.status ?? "nothing"}`);
    }
  }

  /** Good weather, no more deaths: the app comes to rest by itself, and what it left is whole. */
  async rest(): Promise<void> {
    this.#featbit.weather = [];
    this.#githubAnswers = true;
    this.#fuse = 0;
    this.#isJobWaiting = true;
    for (let runs = 0; this.#isJobWaiting; runs += 1) {
      if (runs > 5) throw new Broken("it does not come to rest");
      await this.run();
    }
    const open = await this.#store.openIntents();
    if (open.length > 0) throw new Broken(`open intents: ${open.map((intent) => intent.key).join(", ")}`);
    if ((await this.#store.getRecord(rolloutOutboxKind, key)) !== undefined)
      throw new Broken("the outbox is not empty");
    if ((await this.#store.listRecords(rolloutStatusKind)).some(({ value }) => value.state === "failing"))
      throw new Broken("failing in good weather");
    const findings = await this.#store.verifyStore();
    if (findings.length > 0) throw new Broken(findings.map(({ message }) => message).join("; "));
  }

  /** From wherever it is: one request, one run, and nobody has the candidate. */
  async checkWayBack(): Promise<void> {
    const flag = this.#featbit.read();
    if (flag === null) return;
    this.#featbit.weather = [];
    this.#fuse = 0;
    const ids = deriveVariationIds(name);
    const isSafe = flag.offVariationId === ids.baseline && flag.variations.every(({ value }) => value !== "{}");
    const writes = this.counts.writes;
    await this.rollBack();
    let first: FlagSnapshot | null = null;
    const { port } = this.#featbit;
    const watched = { ...port };
    watched.toggle = async (...input) => {
      const result = await port.toggle(...input);
      if (this.counts.writes === writes + 1) first = this.#featbit.read();
      return result;
    };
    await advanceFlag(name, { ...this.#ports, flags: new Map([[bindingName, watched]]) }, this.#now);
    const after = this.#featbit.read();
    if (after?.isEnabled !== false || listExposed(after).size > 0)
      throw new Broken("the way back did not end at the baseline");
    if (flag.isEnabled && isSafe && (first === null || listExposed(first).size > 0))
      throw new Broken("the way back took more than one step");
  }
}
