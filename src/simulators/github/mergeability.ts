import type { Commit } from "./git/git-objects.ts";
import type { FileDiff } from "./git/parse-diff.ts";
import type { Pull } from "./world.ts";

export interface Mergeability {
  /** Null while GitHub is "still computing", and after the merge or close. */
  mergeable: boolean | null;
  /** The test merge commit of the open pull request; undefined when it conflicts or is not computed. */
  testMergeSha: string | undefined;
  /** Merge base to head: what the page shows as changed. */
  files: FileDiff[];
  /** Parents first. */
  commits: Commit[];
}

const testMerges = new WeakMap<Pull, { key: string; sha: string | undefined }>();

/** The tip of the base branch; for a merged pull request the tip just before its merge. */
export function findBaseTip(pull: Pull): string {
  return pull.mergedBaseSha ?? pull.issue.repo.refs.get(`refs/heads/${pull.baseRef}`) ?? pull.baseSha;
}

function makeTestMerge(pull: Pull, baseTip: string): string | undefined {
  const key = `${baseTip} ${pull.headSha}`;
  const known = testMerges.get(pull);
  if (known?.key === key) return known.sha;
  const { store } = pull.issue.repo;
  const tree = store.mergeTrees(baseTip, pull.headSha);
  const by = { name: "GitHub", email: "noreply@github.com", date: store.requireCommit(pull.headSha).committer.date };
  const message = `Merge ${pull.headSha} into ${baseTip}`;
  const sha =
    tree === undefined
      ? undefined
      : store.writeCommit({ tree, parents: [baseTip, pull.headSha], author: by, committer: by, message });
  testMerges.set(pull, { key, sha });
  const ref = `refs/pull/${pull.issue.number}/merge`;
  if (sha === undefined) pull.issue.repo.refs.delete(ref);
  else pull.issue.repo.refs.set(ref, sha);
  return sha;
}

export function listPullFiles(pull: Pull): FileDiff[] {
  const { store } = pull.issue.repo;
  return store.diff(store.findMergeBase(findBaseTip(pull), pull.headSha), pull.headSha);
}

export function listPullCommits(pull: Pull): Commit[] {
  return pull.issue.repo.store.listCommits(pull.headSha, [findBaseTip(pull)]);
}

/** What a reading of the pull request shows; makes the test merge commit as a side effect, as GitHub does. */
export function judgeMergeability(pull: Pull): Mergeability {
  const files = listPullFiles(pull);
  const commits = listPullCommits(pull);
  if (pull.issue.state === "closed" || pull.nullReads > 0) {
    return { mergeable: null, testMergeSha: undefined, files, commits };
  }
  const testMergeSha = makeTestMerge(pull, findBaseTip(pull));
  return { mergeable: testMergeSha !== undefined, testMergeSha, files, commits };
}
