import type { FileFacts, PullFacts, RepositoryFacts } from "../core/facts.ts";
import type { RepositoryFiles } from "../ports/github.ts";
import type { FlowPorts } from "./flow-ports.ts";

/** The check that guards a branch: while it is required there, nobody changes the branch's rules past them. */
const checkName = "routeward/approval";

/**
 * Whether the rules of the branch that a pull request goes to may judge it (SPEC 3): the operator lists the branch for this
 * repository, and it requires our check from this app. A head never comes into it, only the name of the base.
 *
 * @returns undefined for the default branch and for every branch that is not listed
 */
export async function findPolicyBranch(
  pull: PullFacts,
  repository: RepositoryFacts,
  port: RepositoryFiles,
  ports: Pick<FlowPorts, "policyBranches">,
): Promise<FileFacts["policyBranch"]> {
  const name = pull.baseRef;
  if (name === repository.defaultBranch) return undefined;
  const listed = ports.policyBranches?.get(`${repository.owner}/${repository.name}`.toLowerCase()) ?? [];
  if (!listed.includes(name)) return undefined;
  return { name, isGuarded: (await port.requiresOwnCheck?.(name, checkName)) ?? false };
}
