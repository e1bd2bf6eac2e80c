import type { ApprovedAudience, ApprovedRoute, FileContent, SourceText, TreeEntry } from "../../core/facts.ts";
import { parsePolicy, policyPath } from "../../core/policy/parse-policy.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { digestText } from "../../core/routes/digest-bundle.ts";
import type { RepositoryPort } from "../../ports/github.ts";

/** What the default branch says now about an approved route. */
export interface BranchState {
  /** Reasons to hold; empty when the branch still holds what was approved. */
  reasons: readonly string[];
  /** The audiences of the policy now: what they exclude beyond the approved ones is excluded too (SPEC 3). */
  audiencesNow: Readonly<Record<string, ApprovedAudience>>;
  /** Null when the branch does not hold what was approved, or the policy cannot be read. */
  policy: Policy | null;
  /** The branch is ahead of what is approved because its newest merge is still being judged: nothing to tell anybody yet. */
  isSettling: boolean;
}

/**
 * Whether the default branch still holds what was approved (SPEC 12): the route file's text and the digest of every file that
 * it names; and what the policy there says now. One tree and one batch of blobs.
 *
 * @param floor of the organisation, as it was last read: it is not asked again, because it was part of the approval, and only
 * what is stricter counts from here on
 * @param isSettled whether the merge of a pull request was dealt with; asked only about the newest merge of a branch that differs
 * @throws GitHubError when GitHub cannot be asked
 */
export async function checkBranch(
  approved: ApprovedRoute,
  floor: SourceText,
  repository: RepositoryPort,
  isSettled: (repositoryId: number, pull: number) => Promise<boolean>,
): Promise<BranchState> {
  const hold = (reason: string, isSettling = false): BranchState => ({
    reasons: [reason],
    audiencesNow: {},
    policy: null,
    isSettling,
  });
  const { id, defaultBranch } = await repository.readRepository();
  const tip = await repository.readBranch(defaultBranch);
  if (tip === null) return hold(`there is no branch ${defaultBranch}`);
  const tree = await repository.readTree(tip);
  if (tree === null) return hold(`commit ${tip} of ${defaultBranch} cannot be read`);
  const findSettling = async (): Promise<BranchState | null> => {
    for (const pull of await repository.findMergedPulls(tip))
      if (!(await isSettled(id, pull)))
        return hold(`the merge of #${pull} on ${defaultBranch} is still being judged`, true);
    return null;
  };
  const find = (path: string): TreeEntry | undefined => tree.entries.find((entry) => entry.path === path);
  const wanted = [approved.path, ...Object.keys(approved.files).toSorted()];
  const missing = wanted.filter((path) => find(path) === undefined);
  if (missing.length > 0) {
    const reason = tree.complete
      ? `${defaultBranch} no longer holds ${missing.join(", ")}`
      : `${defaultBranch} is too large to list, and ${missing.join(", ")} was not in the part that GitHub gave`;
    return (await findSettling()) ?? hold(reason);
  }
  const entries = [...wanted, policyPath].flatMap((path) => find(path) ?? []);
  const blobs = await repository.readBlobs(entries.map(({ oid, mode, size }) => ({ oid, mode, size })));
  const changed = entries.filter(({ path, oid, mode }) => {
    if (path === policyPath) return false;
    const content = blobs.get(oid);
    if (content?.kind !== "text" || (mode !== "file" && mode !== "executable")) return true;
    return path === approved.path ? content.text !== approved.text : digestText(content.text) !== approved.files[path];
  });
  if (changed.length > 0) {
    const paths = changed.map((entry) => entry.path).join(", ");
    const reason = `${defaultBranch} (${tip.slice(0, 7)}) holds another ${paths} than the one approved in #${approved.pull} (${approved.mergeSha.slice(0, 7)})`;
    return (await findSettling()) ?? hold(reason);
  }
  return readPolicyNow(find(policyPath), floor, blobs, tree.complete);
}

function readPolicyNow(
  entry: TreeEntry | undefined,
  floor: SourceText,
  blobs: ReadonlyMap<string, FileContent>,
  isComplete: boolean,
): BranchState {
  const content = entry === undefined ? undefined : blobs.get(entry.oid);
  const source: SourceText =
    entry === undefined && isComplete
      ? { kind: "absent" }
      : content?.kind === "text"
        ? { kind: "text", path: policyPath, text: content.text }
        : { kind: "unreadable", path: policyPath, why: content?.kind ?? "not listed" };
  const policy = parsePolicy(source, floor);
  if (!policy.ok)
    return {
      reasons: [`the policy ${policyPath} of the default branch cannot be read`],
      audiencesNow: {},
      policy: null,
      isSettling: false,
    };
  const reasons = policy.value.mode === "report" ? ["the policy is in report mode: no flag moves"] : [];
  return { reasons, audiencesNow: policy.value.audiences, policy: policy.value, isSettling: false };
}
