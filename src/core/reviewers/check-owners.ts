import type { OwnerFacts, PeopleFacts } from "../facts.ts";
import { cut, type Place, type Problem } from "../problem.ts";
import type { ParsedCodeowners } from "./parse-codeowners.ts";
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

/**
 * Compares our reading of CODEOWNERS with GitHub's own list of errors (facts/github.md section 5). Where the two disagree
 * about a line, it is not known who owns what, and that is an error. GitHub's complaints about people (`Unknown owner`) are
 * left to `checkOwners`, which knows them by name.
 */
export function checkCodeownersErrors(parsed: ParsedCodeowners, errors: PeopleFacts["codeownersErrors"]): Problem[] {
  if (parsed.kind !== "read") return [];
  if (errors === null) {
    const place = { path: parsed.path, line: 1, column: 1 };
    return [
      {
        code: "codeowners-unchecked",
        severity: "warning",
        ...place,
        message: "GitHub could not be asked which lines of CODEOWNERS it refuses.",
        expected: "GitHub's list of CODEOWNERS errors",
        found: "no answer",
        fix: "Re-check later.",
      },
    ];
  }
  const byLine = new Map<number, { kind: string; column: number }>();
  for (const error of errors) {
    if (error.path === parsed.path && !/^unknown owner$/i.test(error.kind.trim())) byLine.set(error.line, error);
  }
  const refusedByUs = new Set(parsed.invalidLines);
  const problems: Problem[] = [];
  for (const [line, { kind, column }] of byLine) {
    if (refusedByUs.has(line)) continue;
    problems.push(
      describeDisagreement(parsed.path, line, column, `GitHub refuses it (${cut(kind, 60)})`, "a valid line"),
    );
  }
  for (const line of parsed.invalidLines) {
    if (byLine.has(line)) continue;
    problems.push(describeDisagreement(parsed.path, line, 1, "GitHub accepts it", "an invalid line"));
  }
  return problems.sort((a, b) => a.line - b.line).slice(0, disagreementLimit);
}

const disagreementLimit = 20;

function describeDisagreement(path: string, line: number, column: number, found: string, expected: string): Problem {
  return {
    code: "codeowners-disagreement",
    severity: "error",
    path,
    line,
    column,
    message: `Routeward and GitHub read CODEOWNERS line ${line} differently, so it is not known who owns what.`,
    expected,
    found,
    fix: "Write the line in a simpler form that both read alike.",
  };
}
