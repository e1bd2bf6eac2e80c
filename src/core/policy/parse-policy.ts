import { createHash } from "node:crypto";
import type { SourceText } from "../facts.ts";
import type { Parsed, Problem } from "../problem.ts";
import { describeText } from "../yaml/describe-value.ts";
import { builtInPolicy } from "./built-in-policy.ts";
import { completePolicy, mergeFloor } from "./merge-floor.ts";
import type { Policy } from "./policy.ts";
import { readPolicyFile, type PolicyFile } from "./read-policy-file.ts";

/** Where a repository keeps its policy (SPEC 3); an organisation keeps its floor at the same path of its `.github` repository. */
export const policyPath = ".github/routeward.yml";

/**
 * The rules in force (SPEC 3): the built-in ones, changed by the organisation's floor, changed by the repository where that is
 * stricter. Absent files change nothing. A file that is wrong or unreadable gives no policy, since what is unknown approves nothing;
 * only an unreadable floor that the operator does not require is passed over, with a warning.
 *
 * A setting weaker than the floor comes as a warning with the code `weaker-than-floor` beside a policy in which the floor holds:
 * it must not stop pull requests that have nothing to do with it. Where a pull request introduces it, it counts as an error.
 */
export function parsePolicy(
  repository: SourceText,
  floor: SourceText,
  options: { requireFloor?: boolean } = {},
): Parsed<Policy> {
  const own = readSource(repository);
  const low = readSource(floor);
  const isFloorPassedOver = floor.kind === "unreadable" && options.requireFloor !== true;
  const errors = [...own.problems, ...(isFloorPassedOver ? [] : low.problems), ...requireFloor(floor, options)];
  if (errors.length > 0) return { ok: false, problems: errors };
  const warnings = low.problems.map((problem): Problem => ({ ...problem, severity: "warning" }));
  const merged =
    own.file !== null && low.file !== null
      ? mergeFloor(low.file, own.file)
      : { settings: own.file?.settings ?? low.file?.settings ?? {}, problems: [] };
  const value = completePolicy(merged.settings, builtInPolicy, digestSources(repository, floor));
  return { ok: true, value, problems: [...warnings, ...merged.problems] };
}

/** Whether a problem says that a repository's policy is weaker than its organisation's. */
export function isFloorViolation(problem: Problem): boolean {
  return problem.code === "weaker-than-floor";
}

function readSource(source: SourceText): { file: PolicyFile | null; problems: readonly Problem[] } {
  if (source.kind === "absent") return { file: null, problems: [] };
  if (source.kind === "unreadable") return { file: null, problems: [explainUnreadable(source.path, source.why)] };
  const parsed = readPolicyFile(source.path, source.text);
  return parsed.ok ? { file: parsed.value, problems: [] } : { file: null, problems: parsed.problems };
}

function requireFloor(floor: SourceText, options: { requireFloor?: boolean }): readonly Problem[] {
  if (floor.kind !== "absent" || options.requireFloor !== true) return [];
  return [
    {
      path: policyPath,
      line: 1,
      column: 1,
      code: "floor-missing",
      severity: "error",
      message: "The operator requires an organisation policy, and there is none.",
      expected: `${policyPath} in the organisation's .github repository`,
      found: "nothing",
      fix: "Add the file there and give Routeward access to that repository.",
    },
  ];
}

function explainUnreadable(path: string, why: string): Problem {
  return {
    path,
    line: 1,
    column: 1,
    code: "policy-unreadable",
    severity: "error",
    message: `The policy could not be read: ${describeText(why)}.`,
    expected: "a policy file that can be read",
    found: "nothing readable",
    fix: "Check the file and Routeward's access to it, then re-check.",
  };
}

function digestSources(repository: SourceText, floor: SourceText): string {
  const parts = [repository, floor].map((source) => (source.kind === "text" ? source.text : null));
  return createHash("sha256")
    .update(JSON.stringify(["routeward-policy-1", ...parts]), "utf8")
    .digest("hex");
}
