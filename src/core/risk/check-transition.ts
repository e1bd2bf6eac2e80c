import type { BindingFacts, FlagClaim, LiveState } from "../facts.ts";
import { cut, type Place, type Problem } from "../problem.ts";
import { isRouteTransitionProblem } from "../routes/is-route-transition-problem.ts";
import { placeOf, type RouteFile, type RouteState } from "../routes/route-file.ts";
import type { RouteContent } from "./route-comparison.ts";

export interface Transition {
  approved: RouteContent | null;
  merged: RouteState;
  live: LiveState | null;
}

/** What a change may never do, whoever approves it (SPEC 5, last paragraph). Each is a problem on the line that does it. */
export function checkTransition(transition: Transition): readonly Problem[] {
  const { merged, live } = transition;
  const isLive = live !== null && live.stage !== null;
  const draft = isRouteTransitionProblem(merged.file, isLive);
  return [
    ...(draft === null ? [] : [draft]),
    ...checkApprovedDraft(transition, isLive),
    ...checkBaseline(transition),
    ...checkFlagType(transition),
    ...checkSpelling(transition),
  ];
}

/** An approved exposure that FeatBit has not shown yet is not undone by a draft either: the flag may be about to move. */
function checkApprovedDraft({ approved, merged }: Transition, isLive: boolean): readonly Problem[] {
  if (isLive || merged.file.record.approval.status !== "draft" || approved === null) return [];
  const { status } = approved.state.file.record.approval;
  if (!status.startsWith("approved-") || status === "approved-for-testing") return [];
  return [
    {
      ...placeOf(merged.file, "approval.status"),
      code: "approved-to-draft",
      severity: "error",
      message: `The last approved content asks for exposure (\`${status}\`) and cannot go back to \`draft\`.`,
      expected: "rolled-back",
      found: "draft",
      fix: "Use `rolled-back`: it turns the flag off and serves the baseline to everyone.",
    },
  ];
}

/**
 * Everybody who is not on the candidate gets the baseline at once, without stage or guardrail. So it changes only to what everybody
 * gets already, or while nobody gets anything. A retired flag is no exception: off or permanent, whoever still asks it gets the baseline.
 */
function checkBaseline(transition: Transition): readonly Problem[] {
  const { merged, live } = transition;
  if (live === null || merged.baselineDigest === live.baselineDigest) return [];
  if (live.stage === "default" && live.share === 100 && live.candidateDigest === merged.baselineDigest) return [];
  const { baseline } = merged.file.record;
  return [
    {
      ...placeOf(merged.file, "baseline"),
      code: "baseline-changed",
      severity: "error",
      message: "The baseline is what the flag serves now; it cannot change under the users who get it.",
      expected: `the baseline that is served, ${live.baselineDigest}, or the candidate once it is proven as default`,
      found: cut(merged.baselineDigest ?? `${baseline.model} with files that cannot be read`),
      fix: "Make it the candidate: restore `baseline` and the files that it names, and describe the new bundle under `candidate`.",
    },
  ];
}

/** FeatBit cannot change the type of a flag that exists. */
function checkFlagType({ approved, merged, live }: Transition): readonly Problem[] {
  if (approved === null || live === null) return [];
  const [before, after] = [approved.state.file.record.flagType, merged.file.record.flagType];
  if (before === after) return [];
  return [
    {
      ...placeOf(merged.file, "flag.type"),
      code: "flag-type-changed",
      severity: "error",
      message: "The type of a flag that exists cannot change.",
      expected: before,
      found: after,
      fix: "Restore the type, or retire this route and start another one with a new flagKey.",
    },
  ];
}

/** FeatBit tells keys apart by case: another spelling is another flag, and the old one would go on serving. */
function checkSpelling({ merged, live }: Transition): readonly Problem[] {
  const before = live?.flagKey;
  const { flagKey } = merged.file.record;
  if (before === undefined || before === flagKey) return [];
  return [
    {
      ...placeOf(merged.file, "flagKey"),
      code: "flag-key-spelling",
      severity: "error",
      message: "The flag key is spelt in another case than the flag that serves users.",
      expected: cut(before, 128),
      found: cut(flagKey, 128),
      fix: "Restore the spelling: FeatBit would take it for another flag.",
    },
  ];
}

/**
 * A route that is no longer in any route file: deleted, moved out of the globs, or with another flagKey or environment. It may disappear
 * when its flag was never made, or when it was retired (SPEC 5); else it is a problem.
 */
export function checkRemoval(
  { file, approved, live }: { file: RouteFile; approved: RouteContent | null; live: LiveState | null },
  why: string,
  place: Place,
): Problem | null {
  if (live === null || approved?.state.file.record.approval.status === "retired") return null;
  const { record } = file;
  return {
    ...place,
    code: "route-removed-while-serving",
    severity: "error",
    message: `The route of flag \`${cut(record.flagKey, 80)}\` in ${cut(record.environment, 80)} disappears (${why}) while its flag serves users.`,
    expected: "a route that is retired, or that serves nobody",
    found: `${live.stage ?? "baseline to everyone"}, status ${record.approval.status}`,
    fix: "Keep the file and set `approval.status: retired` first; remove it when that is merged and proven.",
  };
}

/** The binding that a route belongs to, or why it belongs to none: only the operator says who may move which flag (SPEC 4). */
export function findBinding(
  file: RouteFile,
  repository: string,
  bindings: readonly BindingFacts[],
): { binding: BindingFacts } | { problem: Problem } {
  const { flagKey, environment } = file.record;
  const own = bindings.filter((each) =>
    each.repositories.some((name) => name.toLowerCase() === repository.toLowerCase()),
  );
  const ofEnvironment = own.filter((each) => each.environment === environment);
  const binding = ofEnvironment.find((each) => each.flagKeys.some((pattern) => matchesKey(pattern, flagKey)));
  if (binding !== undefined) return { binding };
  if (ofEnvironment.length > 0) {
    return {
      problem: {
        ...placeOf(file, "flagKey"),
        code: "flag-key-outside-binding",
        severity: "error",
        message: "The operator's binding does not let this repository move this flag.",
        expected: `a flag key that matches ${cut(ofEnvironment.flatMap((each) => each.flagKeys).join(", "))}`,
        found: cut(flagKey),
        fix: "Choose a flag key of the binding, or ask the operator of Routeward to add the pattern.",
      },
    };
  }
  const known = [...new Set(own.map((each) => each.environment))].sort();
  return {
    problem: {
      ...placeOf(file, "environment"),
      code: "environment-without-binding",
      severity: "error",
      message: "No binding of the operator links this repository to this environment.",
      expected: known.length === 0 ? "a binding for this repository" : `one of ${cut(known.join(", "))}`,
      found: cut(environment),
      fix: "Correct `environment`, or ask the operator of Routeward for a binding.",
    },
  };
}

/** A flag key belongs to the first repository and path that merged it (SPEC 4). A file that moves takes its claim along. */
export function checkClaim(
  file: RouteFile,
  binding: BindingFacts,
  repository: string,
  claims: readonly FlagClaim[],
  formerPaths: readonly string[],
): Problem | null {
  const key = file.record.flagKey.toLowerCase();
  const claim = claims.find((each) => each.binding === binding.name && each.flagKey.toLowerCase() === key);
  if (claim === undefined) return null;
  const isOwnRepository = claim.repository.toLowerCase() === repository.toLowerCase();
  if (isOwnRepository && (claim.path === file.path || formerPaths.includes(claim.path))) return null;
  return {
    ...placeOf(file, "flagKey"),
    code: "flag-key-claimed",
    severity: "error",
    // Another repository's name may be private, so it is not said.
    message: isOwnRepository
      ? "This flag key belongs to another route file of this repository."
      : "This flag key belongs to another repository.",
    expected: isOwnRepository ? `the route file ${cut(claim.path)}` : "a flag key that nobody has claimed",
    found: cut(file.record.flagKey),
    fix: "Choose another flag key, or ask the operator of Routeward to transfer it.",
  };
}

/** Patterns of the operator: `*` stands for any characters, upper and lower case are one. */
export function matchesKey(pattern: string, flagKey: string): boolean {
  const parts = pattern.toLowerCase().split("*");
  const key = flagKey.toLowerCase();
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return key === first;
  if (!key.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest.slice(0, -1)) {
    const found = key.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = rest.at(-1) ?? "";
  return key.length - last.length >= at && key.endsWith(last);
}
