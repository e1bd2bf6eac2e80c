import { decidePermission, isAtLeast } from "../permissions.ts";
import { listLatestRuns, listLatestStatuses } from "../render/render-check.ts";
import type { Protection, Pull, Repository, World } from "../world.ts";

const passing = new Set(["success", "neutral", "skipped"]);

/**
 * What a required check still lacks on a commit; undefined when it is met. A check run and a commit status of the same
 * name are both required, and a check bound to an app is met by that app's runs alone.
 */
function findCheckGap(
  repo: Repository,
  sha: string,
  check: Protection["requiredChecks"][number],
): { isFailing: boolean; message: string } | undefined {
  const name = `Required status check "${check.context}"`;
  const named = repo.checkRuns.filter((run) => run.suite.sha === sha && run.name === check.context);
  const own = named.filter((run) => check.appId === undefined || run.suite.app.id === check.appId);
  const runs = listLatestRuns(own);
  const statuses =
    check.appId === undefined ? listLatestStatuses(repo, sha).filter((status) => status.context === check.context) : [];
  if (runs.length === 0 && statuses.length === 0) {
    const what = named.length > 0 ? "was not set by the expected GitHub app" : "is expected";
    return { isFailing: false, message: `${name} ${what}.` };
  }
  if (runs.some((run) => run.status !== "completed") || statuses.some((status) => status.state === "pending")) {
    return { isFailing: false, message: `${name} is in progress.` };
  }
  const isGreen =
    runs.every((run) => passing.has(run.conclusion ?? "")) && statuses.every((status) => status.state === "success");
  return isGreen ? undefined : { isFailing: true, message: `${name} is failing.` };
}

function countApprovals(world: World, pull: Pull): number {
  const latest = new Map<number, string>();
  for (const review of pull.reviews) {
    const isOpinion =
      review.state === "APPROVED" || review.state === "CHANGES_REQUESTED" || review.state === "DISMISSED";
    const canWrite = isAtLeast(decidePermission(world, pull.issue.repo, review.author), "write");
    if (isOpinion && canWrite && review.author.kind === "User") latest.set(review.author.id, review.state);
  }
  const states = [...latest.values()];
  return states.includes("CHANGES_REQUESTED") ? -1 : states.filter((state) => state === "APPROVED").length;
}

/** How the required checks stand on a commit; `failing` as soon as one is. */
export function judgeRequiredChecks(
  repo: Repository,
  sha: string,
  protection: Protection,
): "green" | "waiting" | "failing" {
  const gaps = protection.requiredChecks.flatMap((check) => findCheckGap(repo, sha, check) ?? []);
  if (gaps.some((gap) => gap.isFailing)) return "failing";
  return gaps.length === 0 ? "green" : "waiting";
}

/** Why protection refuses the merge of a pull request; undefined when it allows it. */
export function findProtectionGap(world: World, pull: Pull): string | undefined {
  const { repo } = pull.issue;
  const protection = repo.protections.get(pull.baseRef);
  if (protection === undefined) return undefined;
  const tip = repo.refs.get(`refs/heads/${pull.baseRef}`);
  // A queue brings the branch up to date itself.
  if (
    protection.strict &&
    protection.mergeQueue === undefined &&
    tip !== undefined &&
    !repo.store.isAncestor(tip, pull.headSha)
  ) {
    return "The head branch is not up to date with the base branch.";
  }
  for (const check of protection.requiredChecks) {
    const gap = findCheckGap(repo, pull.headSha, check);
    if (gap !== undefined) return gap.message;
  }
  if (protection.requiredApprovals > 0) {
    const approvals = countApprovals(world, pull);
    if (approvals < 0) return "Changes were requested by reviewers with write access.";
    if (approvals < protection.requiredApprovals) {
      return `At least ${protection.requiredApprovals} approving review is required by reviewers with write access.`;
    }
  }
  return undefined;
}

/** Whether every context on a commit is green, as creating a deployment asks by default. */
export function isAllGreen(repo: Repository, sha: string): boolean {
  const runs = listLatestRuns(repo.checkRuns.filter((run) => run.suite.sha === sha));
  return (
    runs.every((run) => passing.has(run.conclusion ?? "")) &&
    listLatestStatuses(repo, sha).every((status) => status.state === "success")
  );
}
