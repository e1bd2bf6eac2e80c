import type {
  Account,
  ApprovedRoute,
  BindingFacts,
  FileContent,
  FileFacts,
  Latch,
  LiveState,
  OwnerFacts,
  PeopleFacts,
  Rehearsal,
  ReviewFacts,
  Snapshot,
} from "../facts.ts";
import { assess } from "../assess.ts";
import { decide } from "../decide.ts";
import type { EvidenceFinding, EvidenceKind } from "../evidence/evidence.ts";
import type { GuardrailFinding, GuardrailOutcome } from "../guardrails/judgement.ts";
import { builtInPolicy } from "../policy/built-in-policy.ts";
import type { Audience, Policy } from "../policy/policy.ts";
import { digestText } from "../routes/digest-bundle.ts";
import { planOf } from "../routes/plan-of.ts";
import { parseRouteFile } from "../routes/parse-route-file.ts";
import { resolveRoute } from "../routes/resolve-route.ts";
import type { RouteFile, RouteState } from "../routes/route-file.ts";
import { stageOf } from "../routes/stage-of.ts";
import type { RouteComparison, RouteContent } from "../risk/route-comparison.ts";
import { contentDigestsOf, type Assessment } from "./assessment.ts";
import type { GateContext } from "./gate-context.ts";
import type { RouteVerdict, Verdict } from "./verdict.ts";

/** Builders with defaults for tests of the core, so that a case shows only what matters. Not part of the program. */
export const routePath = "model-routes/support/answer.yaml";
export const now = "2026-06-15T10:00:00.000Z";

/** A record as an author writes it; JSON is YAML too. */
export type Written = Record<string, unknown>;

const bundle: Written = {
  provider: "openai",
  model: "gpt-4o-2024-08-06",
  region: "eu",
  promptVersion: "v3",
  prompt: "prompts/v3.md",
  retrievalProfile: "public-docs",
  toolPolicy: "read-only",
  parameters: { temperature: 0.2 },
  timeoutMs: 8000,
  maxRetries: 1,
  fallback: ["baseline-search", "static-answer"],
};

export const writtenGuardrails: readonly Written[] = [
  {
    name: "quality",
    category: "quality",
    metric: "rubric-score",
    threshold: ">= 0.85",
    window: "24h",
    minSamples: 200,
  },
  { name: "latency", category: "latency", metric: "duration-p95", threshold: "<= 2.5", window: "1h", minSamples: 200 },
  { name: "cost", category: "cost", metric: "cost", margin: "<= baseline + 10%", window: "6h", minSamples: 200 },
  {
    name: "fallback",
    category: "fallback",
    metric: "fallback-rate",
    threshold: "<= 0.03",
    window: "1h",
    minSamples: 200,
  },
  { name: "safety", category: "safety", metric: "unsafe", threshold: "== 0", absentIs: 0, onBreach: "rollback" },
  { name: "escalation", category: "business", metric: "escalation", margin: "<= baseline + 2pp", minSamples: 200 },
];

export const writtenPlan: readonly Written[] = [
  { stage: "internal-canary", audience: "internal-support", soak: "24h" },
  { stage: "customer-canary", audience: "low-risk", steps: [5, 10, 25], soak: "48h" },
  { stage: "ab-comparison", audience: "all-eligible", steps: [50], soak: "7d" },
  { stage: "default" },
];

/** A complete record whose candidate only has another temperature. */
export function writeRecord(changes: Written = {}): Written {
  return {
    flagKey: "support_answer",
    workflow: "support-answer",
    owner: "support-ai",
    improvement: { goal: "fewer escalations", metric: "escalation" },
    dataClasses: ["public", "customer"],
    baseline: bundle,
    candidate: { ...bundle, parameters: { temperature: 0.3 } },
    approval: { status: "approved-for-internal-canary", reviewers: [], evidence: ["eval-1", "rollback-test-1"] },
    guardrails: writtenGuardrails,
    exposure: { plan: writtenPlan, excluded: ["regulated-region"] },
    rollback: { defaultVariation: "baseline", owner: "platform" },
    cleanup: { decision: "remove", by: "2027-01-31", owner: "support-ai" },
    audit: { tracker: "https://example.com/1" },
    ...changes,
  };
}

export function writeBundle(changes: Written = {}): Written {
  return { ...bundle, ...changes };
}

export function writeStatus(status: string): Written {
  return { approval: { status, reviewers: [], evidence: ["eval-1", "rollback-test-1"] } };
}

export const buildAudience = (name: string, changes: Partial<Audience> = {}): Audience => ({
  name,
  internal: false,
  segment: null,
  where: [],
  safe: [],
  percent: null,
  ...changes,
});

export const audiences: Readonly<Record<string, Audience>> = {
  "internal-support": buildAudience("internal-support", {
    internal: true,
    where: [{ property: "team", in: ["support"] }],
  }),
  "low-risk": buildAudience("low-risk", { where: [{ property: "risk", in: ["low"] }] }),
  "all-eligible": buildAudience("all-eligible"),
  "regulated-region": buildAudience("regulated-region", { safe: [{ property: "region", in: ["eu", "us"] }] }),
};

/** The metrics of the record's guardrails, with what each is about. */
const writtenMetrics: readonly (readonly [name: string, category: string])[] = [
  ["rubric-score", "quality"],
  ["duration-p95", "latency"],
  ["cost", "cost"],
  ["fallback-rate", "fallback"],
  ["unsafe", "safety"],
  ["escalation", "business"],
];

const template = (name: string, category: string): Policy["metrics"][string] => ({
  name,
  category,
  value: "up",
  numerator: null,
  denominator: null,
  samples: null,
  parameters: {},
});

export function buildPolicy(changes: Partial<Policy> = {}): Policy {
  const metrics = Object.fromEntries(writtenMetrics.map(([name, category]) => [name, template(name, category)]));
  return { ...builtInPolicy, digest: "policy-1", audiences, metrics, ...changes };
}

export function readRoute(written: Written, path = routePath): RouteFile {
  const parsed = parseRouteFile(path, { kind: "text", text: JSON.stringify({ model_change: written }) });
  if (!parsed.ok) throw new Error(`the test's record is wrong: ${JSON.stringify(parsed.problems)}`);
  return parsed.value;
}

/** Texts of the files that bundles name. */
export const namedTexts: Readonly<Record<string, string>> = {
  "prompts/v3.md": "Answer politely.",
  "prompts/v4.md": "Answer.",
};

export function buildSnapshot(texts: Readonly<Record<string, string>>): Snapshot {
  const contents: Record<string, FileContent> = {};
  for (const [path, text] of Object.entries(texts)) contents[path] = { kind: "text", text };
  const entries = Object.entries(texts).map(([path, text]) => ({
    path,
    mode: "file" as const,
    oid: digestText(text).slice(0, 40),
    size: text.length,
  }));
  return { commit: "c0ffee", complete: true, entries, contents };
}

export function resolve(written: Written, texts: Readonly<Record<string, string>> = namedTexts): RouteState {
  return resolveRoute(readRoute(written), buildSnapshot(texts));
}

export function buildContent(
  written: Written,
  changes: { texts?: Readonly<Record<string, string>>; audiences?: Policy["audiences"] } = {},
): RouteContent {
  return { state: resolve(written, changes.texts), audiences: changes.audiences ?? audiences };
}

export function buildLive(changes: Partial<LiveState> = {}): LiveState {
  return {
    binding: "prod",
    flagKey: "support_answer",
    stage: "internal-canary",
    step: 0,
    share: 100,
    candidateDigest: resolve(writeRecord()).candidateDigest,
    baselineDigest: resolve(writeRecord()).baselineDigest ?? "",
    audiences: ["internal-support"],
    excluded: ["regulated-region"],
    targetingDigest: "t",
    revision: "r",
    mergeSha: "m",
    enteredAt: "2026-06-13T10:00:00.000Z",
    soakedMs: 48 * 3_600_000,
    provenAt: "2026-06-13T10:00:00.000Z",
    paused: null,
    ...changes,
  };
}

export function buildLatch(changes: Partial<Latch> = {}): Latch {
  return {
    binding: "prod",
    flagKey: "support_answer",
    at: "2026-06-14T10:00:00.000Z",
    by: "routeward",
    reason: "latency",
    cause: "breach",
    candidateDigest: resolve(writeRecord()).candidateDigest,
    repository: "acme/app",
    pull: 1,
    ...changes,
  };
}

export function buildRehearsal(changes: Partial<Rehearsal> = {}): Rehearsal {
  return {
    binding: "prod",
    flagKey: "support_answer",
    candidateDigest: resolve(writeRecord()).candidateDigest ?? "",
    at: "2026-06-14T09:00:00.000Z",
    by: "olga",
    ok: true,
    forwardMs: 900,
    backMs: 210,
    detail: "",
    ...changes,
  };
}

/** A comparison of the last approved record with the merged one; `approved: null` when nothing was approved. */
export function buildComparison(
  approved: Written | null,
  merged: Written,
  changes: Partial<RouteComparison> & { texts?: Readonly<Record<string, string>> } = {},
): RouteComparison {
  const { texts, ...rest } = changes;
  const policy = rest.policy ?? buildPolicy();
  const content = buildContent(merged, { audiences: policy.audiences, ...(texts === undefined ? {} : { texts }) });
  return {
    approved: approved === null ? null : buildContent(approved),
    earlier: [],
    anchor: null,
    base: null,
    merged: content,
    asked: stageOf(content.state.file.record, policy),
    live: null,
    latch: null,
    isProduction: true,
    policy,
    evidenceChanged: false,
    ...rest,
  };
}

const account = (id: number, login: string): Account => ({ id, login, isBot: false });
export const author = account(1, "dev");

/** Teams with one member each: `@acme/<role>` is filled by the account of the same name. */
const teams: readonly (readonly [slug: string, id: number])[] = [
  ["product", 11],
  ["platform", 12],
  ["finance", 13],
  ["operations", 14],
  ["security", 15],
  ["release", 16],
  ["governance", 17],
];

export const codeownersText = `
/model-routes/ @acme/product
/.github/roles/product-owner/ @acme/product
/.github/roles/ai-platform-owner/ @acme/platform
/.github/roles/finance-owner/ @acme/finance
/.github/roles/operations-owner/ @acme/operations
/.github/roles/security-owner/ @acme/security
/.github/roles/release-owner/ @acme/release
/.github/roles/policy-owner/ @acme/governance
`;

export const policyText = JSON.stringify({
  audiences: {
    "internal-support": { internal: true, where: [{ property: "team", in: ["support"] }] },
    "low-risk": { where: [{ property: "risk", in: ["low"] }] },
    "all-eligible": {},
    "regulated-region": { safe: [{ property: "region", in: ["eu", "us"] }] },
  },
  metrics: Object.fromEntries(writtenMetrics.map(([name, category]) => [name, { category, value: "up" }])),
});

export const binding: BindingFacts = {
  name: "prod",
  repositories: ["acme/app"],
  environment: "production",
  isProduction: true,
  flagKeys: ["support_*"],
  dispatchKey: "keyId",
};

/** A native record of an offline evaluation that counts for the default candidate at medium risk. */
export function writeEvidence(changes: Written = {}): string {
  return JSON.stringify({
    id: "eval-1",
    kind: "offline-eval",
    bundle: resolve(writeRecord()).candidateDigest,
    dataset: { name: "golden" },
    threshold: ">= 0.85",
    result: 0.9,
    producedAt: "2026-06-14T08:00:00Z",
    ...changes,
  });
}

export const evidencePath = "model-routes/evidence/eval-1.yaml";

export function writeRouteFile(written: Written): string {
  return JSON.stringify({ model_change: written });
}

/** Files of a commit that holds one route with everything it names. */
export function writeFiles(written: Written, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...namedTexts, [evidencePath]: writeEvidence(), [routePath]: writeRouteFile(written), ...more };
}

/** Facts about a pull request that adds the default route, ready but for its reviews. */
export function buildFacts(changes: Partial<FileFacts> = {}): FileFacts {
  return {
    at: now,
    repository: { id: 1, owner: "acme", name: "app", defaultBranch: "main" },
    pull: {
      number: 7,
      title: "Warmer answers",
      state: "open",
      isDraft: false,
      merged: false,
      mergeCommitSha: null,
      mergedAt: null,
      author,
      baseRef: "main",
      baseSha: "b",
      headRef: "warmer",
      headSha: "h",
      isFork: false,
      htmlUrl: "https://github.example/acme/app/pull/7",
    },
    changes: { complete: true, files: [{ path: routePath, previousPath: null, status: "added" }] },
    base: buildSnapshot(namedTexts),
    head: buildSnapshot(writeFiles(writeRecord())),
    hasConflicts: false,
    policy: { kind: "text", path: ".github/routeward.yml", text: policyText },
    floor: { kind: "absent" },
    codeowners: { kind: "text", path: ".github/CODEOWNERS", text: codeownersText },
    bindings: [binding],
    approved: [],
    live: [],
    latches: [],
    claims: [],
    rehearsals: [buildRehearsal()],
    workflowRuns: {},
    measurements: {},
    ...changes,
  };
}

export function buildApproved(written: Written, changes: Partial<ApprovedRoute> = {}): ApprovedRoute {
  const state = resolve(written);
  return {
    binding: "prod",
    flagKey: "support_answer",
    environment: "production",
    repository: "acme/app",
    path: routePath,
    text: writeRouteFile(written),
    files: Object.fromEntries(Object.entries(state.files).map(([path, digest]) => [path, digest ?? ""])),
    audiences,
    candidateDigest: state.candidateDigest,
    baselineDigest: state.baselineDigest ?? "",
    mergeSha: "m",
    pull: 1,
    approvedAt: "2026-06-10T10:00:00.000Z",
    approvers: [],
    tier: "medium",
    ...changes,
  };
}

const owners: readonly OwnerFacts[] = teams.map(([slug, id]) => ({
  kind: "team",
  name: `@acme/${slug}`,
  slug,
  canWrite: true,
  members: [account(id, slug)],
}));

export function buildPeople(changes: Partial<PeopleFacts> = {}): PeopleFacts {
  return {
    reviews: [],
    owners,
    writers: Object.fromEntries(teams.map(([, id]) => [id, true])),
    commitPeople: [{ account: author, text: "dev" }],
    commitsComplete: true,
    pushers: [author],
    triggeredBy: null,
    requested: { users: [], teams: [] },
    codeownersErrors: null,
    ...changes,
  };
}

/** People of which these teams approved what is judged now. */
export function buildApprovals(assessment: Assessment, slugs: readonly string[]): PeopleFacts {
  const reviews = teams
    .filter(([slug]) => slugs.includes(slug))
    .map(([slug, id]): ReviewFacts => ({
      id: id * 100,
      author: account(id, slug),
      state: "APPROVED",
      body: "",
      submittedAt: now,
      commitSha: "h",
      content: contentDigestsOf(assessment),
      dismissedBy: null,
    }));
  return buildPeople({ reviews });
}

/** The verdict on facts when these teams approved what is judged. */
export function judge(facts: FileFacts, approvers: readonly string[] = [], people: Partial<PeopleFacts> = {}): Verdict {
  const assessment = assess(facts);
  return decide(assessment, { ...buildApprovals(assessment, approvers), ...people });
}

/** The verdict on the only route, or on the first one. */
export function judgeRouteOf(facts: FileFacts, approvers: readonly string[] = []): RouteVerdict {
  const [route] = judge(facts, approvers).routes;
  if (route === undefined) throw new Error("no route was judged");
  return route;
}

/** A pull request that changes the route which is approved and live at the internal canary. */
export function buildChange(merged: Written, changes: Partial<FileFacts> = {}): FileFacts {
  return buildFacts({
    base: buildSnapshot(writeFiles(writeRecord())),
    head: buildSnapshot(writeFiles(merged)),
    changes: { complete: true, files: [{ path: routePath, previousPath: null, status: "modified" }] },
    approved: [buildApproved(writeRecord())],
    live: [buildLive()],
    ...changes,
  });
}

/** A record that counts, or not, under the name of its kind. */
export function buildEvidence(kind: EvidenceKind, state: EvidenceFinding["state"] = "counts"): EvidenceFinding {
  const place = { path: "p", line: 1, column: 1 };
  return { id: kind, kind, state, trust: "workflow", passed: true, why: ["because"], record: null, place };
}

/** One guardrail of the default route with its outcome. */
export function buildReading(outcome: GuardrailOutcome): GuardrailFinding {
  const [guardrail] = resolve(writeRecord()).file.record.guardrails;
  if (guardrail === undefined) throw new Error("no guardrail");
  return { guardrail, outcome, candidate: 1, baseline: 1, samples: 1, at: null, why: "read" };
}

/** What the gates look at: the default route before its first exposure, with an offline evaluation that counts. */
export function buildGateContext(written: Written = {}, changes: Partial<GateContext> = {}): GateContext {
  const route = resolve(writeRecord(written));
  const policy = changes.policy ?? buildPolicy();
  return {
    at: now,
    route,
    plan: planOf(route.file.record, policy),
    policy,
    tier: "medium",
    live: null,
    liveStage: null,
    latch: null,
    breachedAt: null,
    evidence: [buildEvidence("offline-eval")],
    guardrails: [],
    rehearsals: [buildRehearsal()],
    isGrowing: true,
    ...changes,
  };
}

/** The internal canary is live, has soaked and is green. */
export const atInternal: Partial<GateContext> = {
  live: buildLive(),
  liveStage: "internal-canary",
  guardrails: [buildReading("pass")],
};

/** The customer canary is live in its last step, has soaked and is green. */
export const atCustomer: Partial<GateContext> = {
  live: buildLive({ stage: "customer-canary", step: 2 }),
  liveStage: "customer-canary",
  guardrails: [buildReading("pass")],
};
