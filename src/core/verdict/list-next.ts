import type { ReviewerChoice } from "../approvals/choose-reviewers.ts";
import type { Reason, Verdict } from "./verdict.ts";

/** What to do next over the whole pull request, most urgent first; with several routes each line names its flag. */
export function listNext(
  verdict: Pick<Verdict, "routes" | "gateways" | "governance" | "reasons" | "problems" | "state">,
  { notAsked, refused }: Pick<ReviewerChoice, "notAsked" | "refused">,
): readonly string[] {
  const own = (states: readonly Reason["state"][]): readonly string[] =>
    verdict.reasons
      .filter((reason) => states.includes(reason.state))
      .map((reason) => {
        const problem = verdict.problems.find((each) => each.code === reason.code && each.line === reason.place?.line);
        return problem === undefined
          ? reason.text
          : `${problem.path} line ${problem.line}: ${problem.message} ${problem.fix}`;
      });
  const named = verdict.routes.length > 1;
  const isOnly = verdict.routes.length === 0 && verdict.gateways.length === 1;
  const lines = [
    ...own(verdict.state === "waiting" ? ["invalid", "blocked", "waiting"] : ["invalid", "blocked"]),
    ...(verdict.governance?.next ?? []),
    ...verdict.routes.flatMap((route) => route.next.map((text) => (named ? `${route.flagKey}: ${text}` : text))),
    ...verdict.gateways.flatMap((each) =>
      each.next.map((text) => (isOnly || text.startsWith(each.path) ? text : `${each.path}: ${text}`)),
    ),
    // A draft that is blocked as well is not blocked because it is a draft: what blocks comes first. Doubles fall out below.
    ...own(["waiting"]),
    ...refused.map((text) => `GitHub takes no review request for ${text}; ask by hand`),
    ...(notAsked.length === 0 ? [] : [`Nobody more can be asked for ${notAsked.join(", ")}: ask by hand`]),
  ];
  const unique = [...new Set(lines)];
  if (unique.length > 0 || verdict.state !== "approved") return unique;
  const elsewhere = verdict.reasons.find((reason) => reason.code === "policy-branch");
  if (elsewhere !== undefined) return [`Merge it: ${elsewhere.text}.`];
  const stages = verdict.routes.flatMap((route) => (route.asked === null ? [] : [route.asked]));
  if (stages.length === 0 && verdict.gateways.length > 0) {
    return ["Merge it: no flag moves by it, the gateway serves the file when it loads it."];
  }
  return [
    stages.length === 0 ? "Merge it." : `Merge it: the merge asks FeatBit for ${[...new Set(stages)].join(", ")}.`,
  ];
}
