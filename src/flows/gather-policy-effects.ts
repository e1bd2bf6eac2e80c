import { createHash } from "node:crypto";
import { assess } from "../core/assess.ts";
import { decide } from "../core/decide.ts";
import type { FileFacts, PeopleFacts, PullFacts } from "../core/facts.ts";
import { parsePolicy } from "../core/policy/parse-policy.ts";
import { tableOf } from "../core/table-of.ts";
import { contentDigestsOf } from "../core/verdict/assessment.ts";
import { describeEffect, type PolicyEffect } from "../core/verdict/describe-effect.ts";
import { GitHubError, type RepositoryPort } from "../ports/github.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { gatherFileFacts } from "./gather-file-facts.ts";
import { gatherPeopleFacts } from "./gather-people-facts.ts";
import { readRules, type RuleSources } from "./gather-rules.ts";
import { createPullState, keyOfPull, type PullState, pullStateKind } from "./pull-state.ts";

/** More open pull requests than these are not judged again for one edit of the rules; the card says how many are left. */
const maximumPulls = 20;

/**
 * What an edit of the rules would do to the verdicts on the other open pull requests (SPEC 3): each is judged on the same facts by the
 * rules in force and by the edited ones. Nothing is written. Reviews are taken as if they had been given under the edited rules: that they
 * end with the merge is true of every edit and would hide what this one changes.
 *
 * Judging twenty pull requests twice is dear, so it is done once for the same rules and heads; what people say meanwhile changes nothing
 * about the rules.
 *
 * @param known what was found the last time
 * @returns null when the pull request edits no rules, or rules that cannot be read
 */
export async function gatherPolicyEffects(
  edited: FileFacts,
  isGovernance: boolean,
  known: PullState["policyEffects"],
  port: RepositoryPort,
  ports: FlowPorts,
  now: Date,
): Promise<PullState["policyEffects"] | null> {
  const { pull, repository } = edited;
  if (!isGovernance || pull.merged || pull.baseRef !== repository.defaultBranch) return null;
  const rules: RuleSources = { sha: edited.head.commit, floor: edited.floor, ...(await readRules(port, edited.head)) };
  if (!parsePolicy(rules.policy, rules.floor, { requireFloor: ports.requireFloor }).ok) return null;
  const open = (await port.listOpenPulls()).filter(
    (each) => each.number !== pull.number && each.baseRef === repository.defaultBranch,
  );
  const of = createHash("sha256")
    .update(JSON.stringify([rules.policy, rules.codeowners, rules.floor, edited.policy, edited.codeowners, open]))
    .digest("hex");
  if (known?.of === of) return known;
  const changed: NonNullable<typeof known>["effects"]["changed"] = [];
  let compared = 0;
  let left = Math.max(0, open.length - maximumPulls);
  for (const { number } of open.slice(0, maximumPulls)) {
    try {
      const other = await port.readPull(number);
      if (other === null || other.state !== "open") continue;
      const effect = await judgeTwice(other, repository.id, rules, port, ports, now);
      compared += 1;
      if (effect !== null) changed.push({ ...effect, differences: effect.differences.slice(0, 50) });
    } catch (error) {
      // Best effort: what GitHub refuses about one pull request must not keep the verdict on another from being said.
      if (!(error instanceof GitHubError) || error.retryable) throw error;
      left += 1;
    }
  }
  return { of, effects: { changed, compared, left } };
}

async function judgeTwice(
  pull: PullFacts,
  repositoryId: number,
  rules: RuleSources,
  port: RepositoryPort,
  ports: FlowPorts,
  now: Date,
): Promise<PolicyEffect | null> {
  const merge = await port.readTestMerge(pull.number);
  const commits = {
    baseSha: pull.baseSha,
    headSha: merge.kind === "ready" ? merge.sha : pull.headSha,
    hasConflicts: merge.kind === "conflict",
  };
  const options = { requireFloor: ports.requireFloor };
  const before = assess(await gatherFileFacts(pull, commits, port, ports, now), options);
  const after = assess(await gatherFileFacts(pull, commits, port, ports, now, rules), options);
  if (!before.isRelevant && !after.isRelevant) return null;

  const key = keyOfPull(repositoryId, pull.number);
  const { owner, name, defaultBranch } = before.repository;
  const state =
    (await ports.store.getRecord(pullStateKind, key))?.value ?? createPullState(`${owner}/${name}`, pull.number);
  const contentNow = contentDigestsOf(before);
  const people = await gatherPeopleFacts(
    {
      pull,
      owners: [...new Set([...before.ownersToAsk, ...after.ownersToAsk])].sort(),
      state,
      rulesBranch: defaultBranch,
      contentNow,
      // A review of an older commit that was missed is bound when that pull request is judged; here it counts for nothing.
      contentAt: () => Promise.resolve(null),
    },
    port,
  );
  const moved = moveReviews(people, contentNow, contentDigestsOf(after));
  return describeEffect(pull.number, decide(before, people), decide(after, moved));
}

/** Reviews of what is judged now, as reviews of the same content under the edited rules. */
function moveReviews(
  people: PeopleFacts,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): PeopleFacts {
  const valueOf = (table: Readonly<Record<string, string>>, key: string): string | undefined =>
    Object.hasOwn(table, key) ? table[key] : undefined;
  const reviews = people.reviews.map((review) => {
    if (review.content === null) return review;
    const content = Object.entries(review.content).flatMap(([key, digest]): [string, string][] => {
      const next = digest === valueOf(before, key) ? valueOf(after, key) : digest;
      return next === undefined ? [] : [[key, next]];
    });
    return { ...review, content: tableOf(content) };
  });
  return { ...people, reviews };
}
