import { openWithToken, type RepositoryReader } from "../../../adapters/github/open-with-token.ts";
import type { FileFacts, PeopleFacts, PullFacts } from "../../../core/facts.ts";
import { type Assessment, contentDigestsOf } from "../../../core/verdict/assessment.ts";
import { gatherPeopleFacts } from "../../../flows/gather-people-facts.ts";
import { createPullState } from "../../../flows/pull-state.ts";
import { GitHubError } from "../../../ports/github.ts";
import { UsageError, type CliContext } from "../cli-command.ts";
import { readConfig, readTime } from "../local/judge-branch.ts";
import {
  assessChange,
  judgeChange,
  listAssumptions,
  type Judged,
  type JudgingQuestion,
} from "../local/judge-change.ts";
import { addApprovals, listNeedlessApprovals, parseApproval } from "../local/pretend-people.ts";
import type { Options } from "../parse-options.ts";

/** @throws UsageError when the text is no name of a pull request */
export function parsePullName(text: string): { owner: string; name: string; number: number } {
  const [, owner, name, number] = /^([A-Za-z0-9_.-]{1,100})\/([A-Za-z0-9_.-]{1,100})#([1-9]\d{0,8})$/.exec(text) ?? [];
  if (owner === undefined || name === undefined || number === undefined) {
    throw new UsageError(`--pr ${text} is not OWNER/REPO#NUMBER, for example acme/support-routes#12`);
  }
  return { owner, name, number: Number(number) };
}

/**
 * Judges a pull request as GitHub shows it, with its reviews; only the app's own memory is missing.
 *
 * @throws GitHubError, and UsageError when there is no such pull request
 */
export async function judgePullRequest(
  text: string,
  options: Options,
  context: CliContext,
): Promise<{ judged: Judged; notes: readonly string[] }> {
  const { owner, name, number } = parsePullName(text);
  const approvals = options.texts("approve").map(parseApproval);
  const now = readTime(options, context);
  const port = openWithToken(owner, name, { ...readAddress(context), now: () => now });
  const pull = await port.readPull(number);
  if (pull === null) throw new UsageError(`there is no pull request ${text}, or the token does not show it`);
  const commits = await findCommits(pull, port);
  const question: JudgingQuestion = {
    bindings: await readConfig(options, context),
    assumeApproved: !options.has("as-new"),
    supposition: null,
    knowsWorkflowRuns: true,
  };
  const people = async (assessment: Assessment, facts: FileFacts): Promise<PeopleFacts> => {
    const found = await gatherPeopleFacts(
      {
        pull,
        owners: assessment.ownersToAsk,
        state: createPullState(`${owner}/${name}`, number),
        rulesBranch: facts.repository.defaultBranch,
        contentNow: contentDigestsOf(assessment),
        async contentAt(sha) {
          if ((await port.readTree(sha)) === null) return null;
          const reviewed = await assessChange(port, { ...commits, head: sha }, question, now);
          return contentDigestsOf(reviewed.assessment);
        },
      },
      port,
    );
    return addApprovals(found, assessment, approvals);
  };
  const judged = await judgeChange(port, commits, { ...question, people }, now);
  const notes = [...listAssumptions(judged, question), ...listNeedlessApprovals(judged.assessment, approvals)];
  return { judged, notes };
}

/** What is compared: the base's tip with the test merge; for a merged pull request the merge with what was there before it. */
async function findCommits(
  pull: PullFacts,
  port: RepositoryReader,
): Promise<{ pull: PullFacts; base: string; head: string; hasConflicts: boolean }> {
  if (pull.merged && pull.mergeCommitSha !== null) {
    const before = await port.readFirstParent(pull.mergeCommitSha);
    return { pull, base: before ?? pull.baseSha, head: pull.mergeCommitSha, hasConflicts: false };
  }
  const merge = await port.readTestMerge(pull.number);
  if (merge.kind === "pending") {
    const message = "GitHub is still computing what the merge would give; try again in a moment";
    throw new GitHubError(message, { kind: "unavailable", status: 200, retryable: true });
  }
  const isReady = merge.kind === "ready";
  return { pull, base: pull.baseSha, head: isReady ? merge.sha : pull.headSha, hasConflicts: !isReady };
}

function readAddress({ env }: CliContext): { token?: string; baseUrl?: string } {
  const token = env["GITHUB_TOKEN"]?.trim() ?? "";
  const host = env["GHE_HOST"]?.trim() ?? "";
  const protocol = env["GHE_PROTOCOL"]?.trim() || "https";
  if (host !== "" && !URL.canParse(`${protocol}://${host}/`)) throw new UsageError(`GHE_HOST ${host} is not a host`);
  return {
    ...(token === "" ? {} : { token }),
    ...(host === "" ? {} : { baseUrl: `${protocol}://${host}/api/v3` }),
  };
}
