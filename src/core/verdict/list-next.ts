import type { Verdict } from "./verdict.ts";

/** What to do next over the whole pull request, most urgent first; with several routes each line names its flag. */
export function listNext(
  verdict: Pick<Verdict, "routes" | "governance" | "reasons" | "problems" | "state">,
  notAsked: readonly string[],
): readonly string[] {
  const own = verdict.reasons
    .filter((reason) => reason.state !== "ok" && reason.state !== "info")
    .map((reason) => {
      const problem = verdict.problems.find((each) => each.code === reason.code && each.line === reason.place?.line);
      return problem === undefined
        ? reason.text
        : `${problem.path} line ${problem.line}: ${problem.message} ${problem.fix}`;
    });
  const named = verdict.routes.length > 1;
  const lines = [
    ...own,
    ...(verdict.governance?.next ?? []),
    ...verdict.routes.flatMap((route) => route.next.map((text) => (named ? `${route.flagKey}: ${text}` : text))),
    ...(notAsked.length === 0 ? [] : [`GitHub's limit leaves nobody asked for ${notAsked.join(", ")}: ask by hand`]),
  ];
  const unique = [...new Set(lines)];
  if (unique.length > 0 || verdict.state !== "approved") return unique;
  const stages = verdict.routes.flatMap((route) => (route.asked === null ? [] : [route.asked]));
  return [
    stages.length === 0 ? "Merge it." : `Merge it: the merge asks FeatBit for ${[...new Set(stages)].join(", ")}.`,
  ];
}
