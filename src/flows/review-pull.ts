import { z } from "zod";
import { assess } from "../core/assess.ts";
import { decide } from "../core/decide.ts";
import type { CheckReport, Effect } from "../core/effect.ts";
import type { FileFacts, PeopleFacts, PullFacts } from "../core/facts.ts";
import { renderCheck } from "../core/report/render-check.ts";
import { tableOf } from "../core/table-of.ts";
import { type Assessment, contentDigestsOf } from "../core/verdict/assessment.ts";
import type { Verdict } from "../core/verdict/verdict.ts";
import type { RepositoryPort } from "../ports/github.ts";
import { applyEffects } from "./apply-effects.ts";
import { combineReports } from "./combine-reports.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { type ComparedCommits, gatherFileFacts } from "./gather-file-facts.ts";
import { gatherPeopleFacts } from "./gather-people-facts.ts";
import { gatherPolicyEffects } from "./gather-policy-effects.ts";
import { headLeft } from "./plan-tasks.ts";
import { createPullState, keyOfPull, type PullState, pullStateKind } from "./pull-state.ts";
import { updateRecord } from "./update-record.ts";

/** `settled`: judged and published. `pending`: GitHub has no test merge yet. `moved`: head or base changed meanwhile. */
export type ReviewOutcome = "settled" | "pending" | "moved";

export interface Reviewed {
  outcome: ReviewOutcome;
  /** Null while GitHub has no test merge. */
  verdict: Verdict | null;
}

const requestedSchema = z.object({ refused: z.array(z.object({ name: z.string(), why: z.string() })) });

/** A verdict with the facts it came from. */
export interface Judged {
  facts: FileFacts;
  assessment: Assessment;
  people: PeopleFacts;
  verdict: Verdict;
}

/** What a verdict is about. */
export interface JudgedCommits extends ComparedCommits {
  /**
   * The head is a merge or a merge queue's commit, which may hold the work of others: a review that was missed is bound to the
   * commit that it was given for, not to this.
   */
  isMerged?: boolean;
}

/** Gathers, assesses, asks about people, decides: the same for an open pull request, a merge and a member of a merge group. */
export async function judgePull(
  pull: PullFacts,
  commits: JudgedCommits,
  state: PullState,
  port: RepositoryPort,
  ports: FlowPorts,
  now: Date,
): Promise<Judged> {
  const facts = await gatherFileFacts(pull, commits, port, ports, now);
  const assessment = assess(facts, { requireFloor: ports.requireFloor });
  const readContent = async (sha: string): Promise<Readonly<Record<string, string>> | null> => {
    if ((await port.readTree(sha)) === null) return null;
    const reviewed = await gatherFileFacts(pull, { ...commits, headSha: sha }, port, ports, now);
    return contentDigestsOf(assess(reviewed, { requireFloor: ports.requireFloor }));
  };
  const contents = new Map<string, ReturnType<typeof readContent>>();
  const contentAt = (sha: string): ReturnType<typeof readContent> => {
    const content = contents.get(sha) ?? readContent(sha);
    contents.set(sha, content);
    return content;
  };
  // Every pass binds all reviews that are there. One that is new while the base is another than in the last pass may be older than
  // what the base brought: only what its own commit holds was surely seen.
  const isBaseSeen = state.baseSha === commits.baseSha;
  const question = {
    pull,
    owners: assessment.ownersToAsk,
    state,
    rulesBranch: facts.policyBranch?.isGuarded === true ? facts.policyBranch.name : facts.repository.defaultBranch,
    contentNow: commits.isMerged === true || !isBaseSeen ? null : contentDigestsOf(assessment),
    contentAt,
  };
  const people = await gatherPeopleFacts(question, port);
  return { facts, assessment, people, verdict: decide(assessment, people) };
}

/** What is remembered of a verdict. */
export function summarise(verdict: Verdict, at: string): NonNullable<PullState["verdict"]> {
  return {
    state: verdict.state,
    tier: verdict.tier,
    title: verdict.title,
    at,
    policyDigest: verdict.policyDigest,
    routes: verdict.routes.map((route) => ({
      flagKey: route.flagKey,
      environment: route.environment,
      path: route.path,
      binding: route.binding,
      state: route.state,
      asked: route.asked,
      candidateDigest: route.candidateDigest,
      contentDigest: route.contentDigest,
    })),
  };
}

function bindReviews(people: PeopleFacts): PullState["reviewContent"] {
  return tableOf(
    people.reviews.flatMap((review) =>
      review.content === null ? [] : [[String(review.id), { ...review.content }] as const],
    ),
  );
}

/** The check says success only for a moment that still is: an old success of another base is taken back first (facts/github.md section 7). */
async function takeBackSuccess(
  pull: PullFacts,
  state: PullState,
  port: RepositoryPort,
  ports: FlowPorts,
  subject: string,
): Promise<void> {
  const { published } = state;
  if (published?.headSha !== pull.headSha || published.conclusion !== "success") return;
  const externalId = `pending:${published.externalId}`.slice(0, 255);
  const report: CheckReport = {
    name: "routeward/approval",
    headSha: pull.headSha,
    status: "in_progress",
    conclusion: null,
    title: "Judging again: the target of the pull request changed",
    summary: "The pull request was retargeted. The verdict for its new base branch follows.",
    text: "",
    annotations: [],
    actions: [],
    externalId,
  };
  await applyEffects(
    [{ type: "publish-check", key: `check/${subject}/${externalId}`, report }],
    port,
    ports.store,
    subject,
  );
}

function planEffects(
  pull: PullFacts,
  verdict: Verdict,
  report: CheckReport,
  subject: string,
  publish: boolean,
): Effect[] {
  const effects: Effect[] = [];
  const { request, withdraw } = verdict;
  const identify = (names: { users: readonly string[]; teams: readonly string[] }): string =>
    [...names.users.map((login) => `@${login}`), ...names.teams].join(",");
  if (withdraw.users.length + withdraw.teams.length > 0) {
    effects.push({
      type: "withdraw-reviewers",
      key: `withdraw/${subject}/${identify(withdraw)}`,
      pull: pull.number,
      ...withdraw,
    });
  }
  if (request.users.length + request.teams.length > 0) {
    effects.push({
      type: "request-reviewers",
      key: `request/${subject}/${identify(request)}`,
      pull: pull.number,
      ...request,
    });
  }
  // Last: a success may merge the pull request within a second, and everything else must be said by then.
  if (publish)
    effects.push({ type: "publish-check", key: `check/${subject}/${report.headSha}/${report.externalId}`, report });
  return effects;
}

/** Judges an open pull request and publishes what came out. Repeatable: what GitHub already shows is not written again. */
export async function reviewPull(
  pull: PullFacts,
  cause: string,
  port: RepositoryPort,
  ports: FlowPorts,
  now: Date,
): Promise<Reviewed> {
  const repository = await port.readRepository();
  const key = keyOfPull(repository.id, pull.number);
  const subject = `pull/${key}`;
  const fullName = `${repository.owner}/${repository.name}`;
  const state = (await ports.store.getRecord(pullStateKind, key))?.value ?? createPullState(fullName, pull.number);
  // The webhook may be lost, or another may take its place in the queue.
  const isMovedTo = state.published?.baseRef !== undefined && state.published.baseRef !== pull.baseRef;
  const isRetargeted = isMovedTo || cause === "pull_request.retargeted";
  if (isRetargeted) await takeBackSuccess(pull, state, port, ports, subject);

  const merge = await port.readTestMerge(pull.number);
  if (merge.kind === "pending") return { outcome: "pending", verdict: null };
  const commits: ComparedCommits = {
    baseSha: pull.baseSha,
    headSha: merge.kind === "ready" ? merge.sha : pull.headSha,
    hasConflicts: merge.kind === "conflict",
  };
  const { facts, assessment, people, verdict: judged } = await judgePull(pull, commits, state, port, ports, now);
  const isGovernance = assessment.governance !== null;
  const found = (await gatherPolicyEffects(facts, isGovernance, state.policyEffects, port, ports, now)) ?? undefined;
  const verdict: Verdict = found === undefined ? judged : { ...judged, policyEffects: found.effects };
  const own = renderCheck(verdict, { headSha: pull.headSha });
  const report = await combineReports(own, verdict.mode, pull, repository.id, port, ports.store);

  // The verdict may be of a moment that is over. Nothing is published then; the next pass sees the new one.
  const again = await port.readPull(pull.number);
  if (again === null || again.state !== "open") return { outcome: "settled", verdict };
  if (again.headSha !== pull.headSha || again.baseRef !== pull.baseRef) return { outcome: "moved", verdict };

  const isShown = state.published?.headSha === report.headSha && state.published.externalId === report.externalId;
  const isForced = isRetargeted || cause.startsWith("check_") || cause.startsWith("button") || cause === headLeft;
  const planned = planEffects(pull, verdict, report, subject, !isShown || isForced);
  // Bindings of reviews are kept before anything is said, so that a crash cannot lose what a review was given for.
  await updateRecord(ports.store, pullStateKind, key, subject, (current) => ({
    ...(current ?? state),
    repository: fullName,
    baseSha: commits.baseSha,
    closed: false,
    reviewContent: { ...(current ?? state).reviewContent, ...bindReviews(people) },
    verdict: keepTime(current?.verdict ?? null, summarise(verdict, now.toISOString())),
    policyEffects: found,
  }));
  const results = await applyEffects(planned, port, ports.store, subject);
  const refused = results.flatMap(({ data }, index) =>
    planned[index]?.type === "request-reviewers" ? requestedSchema.parse(data).refused : [],
  );
  await updateRecord(ports.store, pullStateKind, key, subject, (current) => {
    const before = current ?? state;
    return {
      ...before,
      requestedByUs: mergeRequests(before.requestedByUs, people.requested, verdict),
      ...(refused.length === 0
        ? {}
        : { refusedRequests: { headSha: pull.headSha, refused: [...(people.refused ?? []), ...refused] } }),
      published: {
        headSha: report.headSha,
        externalId: report.externalId,
        conclusion: report.conclusion,
        title: report.title,
        baseRef: pull.baseRef,
      },
    };
  });
  // The next pass asks another owner in their place, and says what GitHub said.
  const where = { id: repository.id, owner: repository.owner, name: repository.name };
  if (refused.length > 0) await enqueuePull(ports, where, pull.number, "a review request was refused");
  return { outcome: "settled", verdict };
}

/** The same verdict keeps its first time, so that a sweep that finds nothing new writes nothing new. */
function keepTime(
  before: PullState["verdict"],
  after: NonNullable<PullState["verdict"]>,
): NonNullable<PullState["verdict"]> {
  return before !== null && JSON.stringify({ ...before, at: "" }) === JSON.stringify({ ...after, at: "" })
    ? before
    : after;
}

/** Requests of ours that stand. One that was answered, removed or refused is over: when it stands again, somebody else has asked. */
function mergeRequests(
  before: PullState["requestedByUs"],
  standing: PeopleFacts["requested"],
  { request, withdraw }: Verdict,
): PullState["requestedByUs"] {
  const merge = (kind: "users" | "teams"): string[] => {
    const still = new Set(standing[kind].map((name) => name.toLowerCase()));
    const old = before[kind].filter((name) => still.has(name.toLowerCase()));
    return [...new Set([...old, ...request[kind]])].filter((name) => !withdraw[kind].includes(name)).sort();
  };
  return { users: merge("users"), teams: merge("teams") };
}
