import { cut, type Problem } from "../problem.ts";
import type { ReviewRequirement } from "./requirement.ts";

/**
 * Roles that must approve and that nobody answers for, at the place of CODEOWNERS where the line belongs (SPEC 6). What it
 * means for the verdict is said by `countApprovals`, which blocks the role.
 */
export function checkRoles(requirements: readonly ReviewRequirement[]): readonly Problem[] {
  const problems = new Map<string, Problem>();
  for (const { role, missing } of requirements) {
    if (missing?.place === undefined) continue;
    const { why, lineToAdd, place } = missing;
    problems.set(`${role} ${lineToAdd}`, {
      code: "role-without-owner",
      severity: "error",
      ...place,
      message: `Nobody answers for ${cut(role, 64)}: ${why}.`,
      expected: cut(lineToAdd),
      found: "no line that names an owner with write access",
      fix: `Add the line to ${place.path} on the default branch, with your own team: ${lineToAdd}`,
    });
  }
  return [...problems.values()].sort((a, b) => a.line - b.line || (a.message < b.message ? -1 : 1));
}
