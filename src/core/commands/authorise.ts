import { indexOwners, peopleBehind } from "../approvals/eligible-people.ts";
import type { Account, OwnerFacts } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import { fileOwnerRole, ownersOfRole, type RoleOwners } from "../reviewers/owners-of-role.ts";
import type { ParsedCodeowners } from "../reviewers/parse-codeowners.ts";
import type { CommandVerb } from "./command.ts";

/** Who answers for a route on the default branch, by role. */
export type CommandAuthority = Readonly<Record<CommandRole, RoleOwners>>;

export const commandRoles = ["release-owner", "ai-platform-owner", fileOwnerRole] as const;
export type CommandRole = (typeof commandRoles)[number];

export type Authorisation = { kind: "allowed" } | { kind: "refused"; why: string; whoMay: string };

/** Anybody who can comment may read; `writers` may make Routeward work; the others need an owner (SPEC 15). */
const rolesOfVerb: Readonly<Record<CommandVerb, "anybody" | "writers" | readonly CommandRole[]>> = {
  status: "anybody",
  explain: "anybody",
  help: "anybody",
  recheck: "writers",
  rehearse: ["ai-platform-owner"],
  promote: ["release-owner"],
  resume: ["release-owner"],
  pause: ["release-owner", "ai-platform-owner", fileOwnerRole],
  rollback: ["release-owner", "ai-platform-owner", fileOwnerRole],
};

/**
 * Who answers for a live route, by the default branch's CODEOWNERS and policy, never by a head (SPEC 15).
 * @param path of the route file in the live record
 */
export function findAuthority(
  codeowners: ParsedCodeowners,
  policy: Pick<Policy, "roles">,
  path: string,
): CommandAuthority {
  // Read as at high risk: no role falls back to the file's owners, who would otherwise promote what they own.
  const find = (role: CommandRole): RoleOwners => ownersOfRole(codeowners, policy, role, path, "high");
  return {
    "release-owner": find("release-owner"),
    "ai-platform-owner": find("ai-platform-owner"),
    [fileOwnerRole]: find(fileOwnerRole),
  };
}

/**
 * Whether a person may give a command, and who may when not.
 * @param owners facts about the owners that `authority` names
 */
export function authorise(
  verb: CommandVerb,
  person: { account: Account; canWrite: boolean },
  authority: CommandAuthority,
  owners: readonly OwnerFacts[],
): Authorisation {
  const needed = rolesOfVerb[verb];
  const whoMay = describeWhoMay(verb, authority);
  if (person.account.isBot) return { kind: "refused", why: "commands are for people, not for bots", whoMay };
  if (needed === "anybody") return { kind: "allowed" };
  if (needed === "writers") {
    if (person.canWrite) return { kind: "allowed" };
    return { kind: "refused", why: `@${person.account.login} has no write access to the repository`, whoMay };
  }
  const byName = indexOwners(owners);
  const isOwner = needed.some((role) => {
    const found = authority[role];
    if (found.kind === "missing") return false;
    return found.owners.some((name) => peopleBehind(byName.get(name)).some(({ id }) => id === person.account.id));
  });
  if (isOwner) return { kind: "allowed" };
  return { kind: "refused", why: `@${person.account.login} is not ${needed.join(" or ")} of this route`, whoMay };
}

function describeWhoMay(verb: CommandVerb, authority: CommandAuthority): string {
  const needed = rolesOfVerb[verb];
  if (needed === "anybody") return "anybody who can comment";
  if (needed === "writers") return "anybody with write access";
  return needed
    .map((role) => {
      const found = authority[role];
      const names = found.kind === "found" ? found.owners.join(", ") : `nobody: ${found.why}`;
      return `${role} (${names})`;
    })
    .join(", ");
}
