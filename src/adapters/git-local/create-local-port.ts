import type { ChangedPath, RepositoryFacts } from "../../core/facts.ts";
import type { RepositoryFiles } from "../../ports/github.ts";
import type { LocalGit } from "./open-local-git.ts";

/** A change that nobody has pushed, as GitHub would see it once it is a pull request. */
export interface LocalChange {
  repository: RepositoryFacts;
  /** Tree or commit whose policy and CODEOWNERS judge: the tip of the default branch. */
  rules: string;
  changes: readonly ChangedPath[];
}

/**
 * A local clone as the gatherers read a repository (SPEC 16, `check`). What only GitHub knows is absent: there is no organisation file
 * and no workflow run.
 */
export function createLocalPort(git: LocalGit, change: LocalChange): RepositoryFiles {
  return {
    readRepository: () => Promise.resolve(change.repository),
    readBranch: (name) => Promise.resolve(name === change.repository.defaultBranch ? change.rules : null),
    readChanges: () => Promise.resolve({ complete: true, files: change.changes }),
    readTree: async (tree) => ({ complete: true, entries: await git.readTree(tree) }),
    readBlobs: (blobs) => git.readBlobs(blobs),
    readOrganizationFile: () => Promise.resolve(null),
    readWorkflowRun: () => Promise.resolve({ kind: "not-found" }),
  };
}
