import type { CheckReport } from "../core/effect.ts";
import type { PullFacts } from "../core/facts.ts";
import type { Verdict } from "../core/verdict/verdict.ts";
import { checkTextLimit, cutMarkdown } from "../core/report/cut-bytes.ts";
import type { RepositoryPort } from "../ports/github.ts";
import type { Store } from "../ports/store.ts";
import { keyOfPull, pullStateKind } from "./pull-state.ts";

/** Conclusions from best to worst. */
const conclusions = ["success", "action_required", "failure"] as const;

function conclusionOf(state: string): (typeof conclusions)[number] {
  if (state === "approved" || state === "not-applicable") return "success";
  return state === "waiting" ? "action_required" : "failure";
}

/**
 * A check run belongs to a commit, not to a pull request. When several open pull requests share the head, the worst of
 * their verdicts is published, since GitHub lets each of them merge by it (SPEC 7, facts/github.md section 2). In mode
 * `report` the check holds nobody, so nobody else's verdict turns it (SPEC 3).
 */
export async function combineReports(
  report: CheckReport,
  mode: Verdict["mode"],
  pull: Pick<PullFacts, "number" | "headSha">,
  repositoryId: number,
  port: Pick<RepositoryPort, "findOpenPullsByHead">,
  store: Pick<Store, "getRecord">,
): Promise<CheckReport> {
  if (report.conclusion === null || mode === "report") return report;
  const others = (await port.findOpenPullsByHead(pull.headSha)).filter((number) => number !== pull.number);
  let worst: { number: number; conclusion: (typeof conclusions)[number] } | null = null;
  for (const number of others) {
    const verdict = (await store.getRecord(pullStateKind, keyOfPull(repositoryId, number)))?.value.verdict ?? null;
    // One that was not judged yet may turn out anything: until then nothing is a success.
    const conclusion = verdict === null ? "action_required" : conclusionOf(verdict.state);
    const limit = conclusions.indexOf(worst?.conclusion ?? report.conclusion);
    if (conclusions.indexOf(conclusion) > limit) worst = { number, conclusion };
  }
  if (worst === null) return report;
  return {
    ...report,
    conclusion: worst.conclusion,
    title: `Pull request #${worst.number} has the same commit and is not approved`,
    // The verdict's own summary may have GitHub's full length already.
    summary: cutMarkdown(
      `GitHub keeps one check for a commit. Pull request #${worst.number} shares it, so the worse verdict holds for both.\n\n${report.summary}`,
      checkTextLimit,
      "The rest is cut: `routeward check` shows all of it.",
    ),
    externalId: `shared-${worst.number}-${worst.conclusion}:${report.externalId}`.slice(0, 255),
  };
}
