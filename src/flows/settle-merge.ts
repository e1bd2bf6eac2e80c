import type { ApprovedRoute, PullFacts } from "../core/facts.ts";
import { parseRouteFile } from "../core/routes/parse-route-file.ts";
import { rememberApproved } from "../core/risk/remember-approved.ts";
import { resolveRoute } from "../core/routes/resolve-route.ts";
import { tableOf } from "../core/table-of.ts";
import type { RouteVerdict, Verdict } from "../core/verdict/verdict.ts";
import { GitHubError, type RepositoryPort } from "../ports/github.ts";
import type { StoreTransaction } from "../ports/store.ts";
import { applyEffects } from "./apply-effects.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { policyForReading } from "./gather-file-facts.ts";
import { createPullState, keyOfPull, type PullState, pullStateKind } from "./pull-state.ts";
import { approvedRouteKind, flagClaimKind, keyOfFlag, subjectOfFlag } from "./records.ts";
import { type Judged, judgePull, summarise } from "./review-pull.ts";
import { updateRecord } from "./update-record.ts";

/** A rebase merge puts several commits on the base; further back than this the last judged base is not looked for. */
const longestWalk = 20;

type Settled = NonNullable<PullState["settled"]>["outcome"];

/** What the base branch held before the merge: the parent, or for a rebase the base that was judged last if it is near. */
async function findBaseBefore(mergeSha: string, judgedBase: string | null, port: RepositoryPort): Promise<string> {
  const parent = await port.readFirstParent(mergeSha);
  let sha = judgedBase === null ? null : parent;
  for (let step = 0; step < longestWalk && sha !== null; step += 1) {
    if (sha === judgedBase) return sha;
    sha = await port.readFirstParent(sha);
  }
  return parent ?? mergeSha;
}

/** A route with the version of the record that it takes the place of. */
interface Successor {
  route: ApprovedRoute;
  expectedVersion: number;
}

/**
 * Leaves out the routes whose later merge is settled already: a merge queue merges several in one push, and their jobs end in
 * any order. What is approved is what the branch holds, not what was looked at last.
 */
async function listSuccessors(
  approved: readonly ApprovedRoute[],
  port: RepositoryPort,
  store: Pick<FlowPorts["store"], "getRecord">,
): Promise<readonly Successor[]> {
  const successors: Successor[] = [];
  for (const route of approved) {
    const stored = await store.getRecord(approvedRouteKind, keyOfFlag(route.binding, route.flagKey));
    const isLater =
      stored !== undefined &&
      stored.value.repository === route.repository &&
      Date.parse(stored.value.approvedAt) >= Date.parse(route.approvedAt) &&
      (await isBehind(route.mergeSha, stored.value.mergeSha, port));
    if (isLater) continue;
    const memory = rememberApproved(stored?.value ?? null, route);
    successors.push({ route: { ...route, ...memory }, expectedVersion: stored?.version ?? 0 });
  }
  return successors;
}

async function isBehind(older: string, newer: string, port: RepositoryPort): Promise<boolean> {
  let sha = await port.readFirstParent(newer);
  for (let step = 0; step < longestWalk && sha !== null; step += 1) {
    if (sha === older) return true;
    sha = await port.readFirstParent(sha);
  }
  return false;
}

/** The earlier of merge and now: a merge before a rollback must never look as if it came after it. */
function approvalTime(pull: PullFacts, now: Date): string {
  const merged = pull.mergedAt === null ? now.getTime() : Date.parse(pull.mergedAt);
  return new Date(Math.min(now.getTime(), Number.isNaN(merged) ? now.getTime() : merged)).toISOString();
}

function approversOf(route: RouteVerdict): ApprovedRoute["approvers"] {
  const byReview = new Map<number, { login: string; id: number; roles: string[]; reviewId: number }>();
  for (const { requirement, filledBy } of route.requirements) {
    for (const { login, id, reviewId } of filledBy) {
      const known = byReview.get(reviewId) ?? { login, id, roles: [], reviewId };
      known.roles.push(requirement.role);
      byReview.set(reviewId, known);
    }
  }
  return [...byReview.values()];
}

/** The content that is approved from now on; null for a route that the merge deleted or that belongs to no binding. */
function approvedContent(
  route: RouteVerdict,
  judged: Judged,
  pull: PullFacts,
  mergeSha: string,
  now: Date,
): ApprovedRoute | null {
  const { facts } = judged;
  const content = facts.head.contents[route.path];
  // A file that changed its flag key leaves the old flag behind: its text belongs to the new one.
  if (route.status === "removed") return null;
  if (route.binding === null || content?.kind !== "text" || route.baselineDigest === null) return null;
  const parsed = parseRouteFile(route.path, content);
  if (!parsed.ok) return null;
  const { files } = resolveRoute(parsed.value, facts.head);
  const policy = policyForReading(facts.policy, facts.floor);
  return {
    binding: route.binding,
    flagKey: route.flagKey,
    environment: route.environment,
    repository: `${facts.repository.owner}/${facts.repository.name}`,
    path: route.path,
    text: content.text,
    files: tableOf(
      Object.entries(files).flatMap(([path, digest]) => (digest === null ? [] : [[path, digest] as const])),
    ),
    audiences: policy.audiences,
    candidateDigest: route.candidateDigest,
    baselineDigest: route.baselineDigest,
    mergeSha,
    pull: pull.number,
    approvedAt: approvalTime(pull, now),
    approvers: approversOf(route),
    tier: route.classification.tier,
  };
}

/** Everything about the decision that the records do not say, for whoever reconstructs it (SPEC 14). */
function describeDecision(verdict: Verdict, mergeSha: string): Record<string, unknown> {
  return {
    mergeSha,
    state: verdict.state,
    tier: verdict.tier,
    policyDigest: verdict.policyDigest,
    gateways: verdict.gateways.map((each) => ({
      path: each.path,
      kind: each.kind,
      state: each.state,
      contentDigest: each.contentDigest,
      fired: each.classification.fired.map(({ id, tier, sentence }) => ({ id, tier, sentence })),
      requirements: each.requirements.map(({ requirement, state, filledBy }) => ({
        role: requirement.role,
        state,
        filledBy,
      })),
    })),
    routes: verdict.routes.map((route) => ({
      flagKey: route.flagKey,
      binding: route.binding,
      path: route.path,
      state: route.state,
      asked: route.asked,
      outcome: route.outcome ?? null,
      baselineDigest: route.baselineDigest,
      candidateDigest: route.candidateDigest,
      contentDigest: route.contentDigest,
      fired: route.classification.fired.map(({ id, tier, sentence }) => ({ id, tier, sentence })),
      requirements: route.requirements.map(({ requirement, state, filledBy }) => ({
        role: requirement.role,
        state,
        filledBy,
      })),
      reviews: route.reviews.map(({ reviewId, login, counts, why }) => ({ reviewId, login, counts, why })),
      evidence: route.evidence.map(({ id, state, trust, record }) => ({
        id,
        state,
        trust,
        bundle: record?.bundle ?? null,
      })),
      gates: route.gates.map(({ gate, state, text }) => ({ gate, state, text })),
      guardrails: route.guardrails.map(({ guardrail, outcome, candidate, baseline, samples }) => ({
        name: guardrail.name,
        outcome,
        candidate,
        baseline,
        samples,
      })),
    })),
  };
}

/** @throws StaleVersionError when another merge was settled since it was looked: then the order is looked at again */
async function saveApproved(tx: StoreTransaction, approved: ApprovedRoute, expectedVersion: number): Promise<void> {
  const { binding, flagKey, repository, path } = approved;
  const subject = subjectOfFlag(binding, flagKey);
  const key = keyOfFlag(binding, flagKey);
  await tx.putRecord({ kind: approvedRouteKind, key, value: approved, expectedVersion, audit: { subject } });
  const claimed = flagKey.toLowerCase();
  // The first claim stands; a move of the file within the repository moves it along (SPEC 4).
  await updateRecord(tx, flagClaimKind, keyOfFlag(binding, claimed), subject, (claim) =>
    claim === undefined || claim.repository === repository
      ? { binding, flagKey: claimed, repository, path }
      : undefined,
  );
}

function describeHeldMerge(pull: PullFacts, mergeSha: string, verdict: Verdict): { title: string; body: string } {
  const reasons = verdict.routes.flatMap((route) => [
    `- flag ${quote(route.flagKey)}: ${route.state}`,
    ...route.next.slice(0, 10).map((sentence) => `  - ${escapeText(sentence)}`),
  ]);
  const files = verdict.gateways.flatMap((each) => [
    `- gateway file ${quote(each.path)}: ${each.state}`,
    ...each.next.slice(0, 10).map((sentence) => `  - ${escapeText(sentence)}`),
  ]);
  // No flag stands between a gateway's file and its callers: once it is loaded, what nobody approved is served.
  const isGatewayOnly = verdict.routes.length === 0 && verdict.gateways.length > 0;
  const consequence = isGatewayOnly
    ? "and the gateway serves the file as soon as it loads it: no flag holds it back."
    : `so FeatBit still serves what was last approved.${verdict.gateways.length === 0 ? "" : " The gateway files below are held back by no flag."}`;
  const problems = verdict.problems
    .slice(0, 10)
    .map(({ path, line, message }) => `- ${quote(path)} line ${line}: ${escapeText(message)}`);
  return {
    title: isGatewayOnly
      ? `Pull request #${pull.number} changed a model gateway without approval`
      : `Pull request #${pull.number} was merged without approval: no flag has moved`,
    body: [
      `Pull request #${pull.number} was merged as ${mergeSha}, but its verdict was "${verdict.state}". A merge past the check is no approval,`,
      consequence,
      "",
      ...reasons,
      ...files,
      ...problems,
      "",
      "To go on: open a new pull request with the content that is wanted, and let it be approved and merged. Reverting the merge is one too.",
    ].join("\n"),
  };
}

/** Text of a file inside one line of Markdown, without any power over it. */
function escapeText(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, " ")
    .replaceAll(/[\\`*_{}[\]<>()#+!|@~]/g, (character) => `\\${character}`)
    .slice(0, 500);
}

function quote(text: string): string {
  return `\`${text.replaceAll(/[`\r\n]/g, "'").slice(0, 200)}\``;
}

/**
 * Deals with a merged pull request once: establishes its verdict again on the merge commit, since a green check is no proof
 * (SPEC 12). Approved: the content becomes the last approved content of its flags and their jobs are queued, in one
 * transaction. Anything else: an issue with the reason, and no flag moves.
 *
 * @returns the verdict, null when the merge was dealt with before
 */
export async function settleMerge(
  pull: PullFacts,
  port: RepositoryPort,
  ports: FlowPorts,
  now: Date,
): Promise<Verdict | null> {
  const repository = await port.readRepository();
  const key = keyOfPull(repository.id, pull.number);
  const subject = `pull/${key}`;
  const fullName = `${repository.owner}/${repository.name}`;
  const state = (await ports.store.getRecord(pullStateKind, key))?.value ?? createPullState(fullName, pull.number);
  const mergeSha = pull.mergeCommitSha;
  if (mergeSha === null) {
    throw new GitHubError("GitHub has not named the merge commit yet", {
      kind: "unexpected",
      status: 200,
      retryable: true,
    });
  }
  if (state.settled?.mergeSha === mergeSha) return null;

  const baseSha = await findBaseBefore(mergeSha, state.baseSha, port);
  const judged = await judgePull(
    pull,
    { baseSha, headSha: mergeSha, hasConflicts: false, isMerged: true },
    state,
    port,
    ports,
    now,
  );
  const { verdict } = judged;
  const outcome = outcomeOf(verdict, pull.baseRef === repository.defaultBranch);
  if (outcome === "held") {
    const marker = `routeward:held-merge:${pull.number}:${mergeSha}`;
    const issue = describeHeldMerge(pull, mergeSha, verdict);
    await applyEffects(
      [{ type: "open-issue", key: marker, marker, ...issue, labels: ["routeward"] }],
      port,
      ports.store,
      subject,
    );
  }
  const approved =
    outcome === "approved"
      ? verdict.routes.flatMap((route) => approvedContent(route, judged, pull, mergeSha, now) ?? [])
      : [];
  const successors = await listSuccessors(approved, port, ports.store);
  await ports.store.transaction(async (tx) => {
    await tx.appendAudit({ type: `decision.${outcome}`, subject, data: describeDecision(verdict, mergeSha) });
    for (const { route, expectedVersion } of successors) {
      await saveApproved(tx, route, expectedVersion);
      await ports.queue.enqueueIn(tx, "flag", keyOfFlag(route.binding, route.flagKey), {
        cause: `merge of #${pull.number}`,
      });
    }
    await updateRecord(tx, pullStateKind, key, subject, (current) => ({
      ...(current ?? state),
      baseSha,
      verdict: summarise(verdict, now.toISOString()),
      settled: { mergeSha, outcome },
    }));
  });
  return verdict;
}

function outcomeOf(verdict: Verdict, isDefaultBranch: boolean): Settled {
  // Policy mode `report` judges and never moves; other branches are not what FeatBit follows.
  if (verdict.state === "not-applicable" || verdict.mode === "report" || !isDefaultBranch) return "not-applicable";
  return verdict.state === "approved" ? "approved" : "held";
}
