import type { OwnerFacts } from "../facts.ts";
import { cut, type Place, type Problem } from "../problem.ts";
import type { ReviewRequirement } from "./requirement.ts";

/**
 * Owners of required roles who are no reviewers: unknown logins, invisible teams, no write access (SPEC 6). Warnings,
 * because another owner may do; a role that is left with nobody is blocked by `countApprovals`.
 */
export function checkOwners(requirements: readonly ReviewRequirement[], owners: readonly OwnerFacts[]): Problem[] {
  const byName = new Map(owners.map((owner) => [owner.name.toLowerCase(), owner]));
  const problems = new Map<string, Problem>();
  for (const requirement of requirements) {
    const place = requirement.place ?? { path: ".github/routeward.yml", line: 1, column: 1 };
    for (const name of requirement.owners) {
      const problem = checkOwner(name, byName.get(name), place, requirement.role);
      if (problem !== null) problems.set(`${place.path}:${place.line}:${name}`, problem);
    }
  }
  return [...problems.values()].sort((a, b) => a.line - b.line || (a.found < b.found ? -1 : 1));
}

function checkOwner(name: string, owner: OwnerFacts | undefined, place: Place, role: string): Problem | null {
  if (owner !== undefined && owner.kind !== "unresolved") {
    if (owner.canWrite) return null;
    const grant = owner.kind === "team" ? "Give the team itself write access to the repository." : "Give write access.";
    return describeOwner(
      "owner-without-write",
      `has no write access, so cannot approve as ${role}`,
      name,
      place,
      grant,
    );
  }
  const why = owner === undefined ? "was not looked up" : owner.why;
  const fix = "Correct the name, or make the team visible to the organisation.";
  return describeOwner("owner-unresolved", `cannot be asked to approve as ${role}: ${cut(why)}`, name, place, fix);
}

function describeOwner(code: string, what: string, name: string, place: Place, fix: string): Problem {
  return {
    code,
    severity: "warning",
    ...place,
    message: `Owner ${name} ${what}.`,
    expected: "a user or visible team with write access",
    found: cut(name),
    fix,
  };
}
