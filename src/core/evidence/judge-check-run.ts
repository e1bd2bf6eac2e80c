import type { CheckRunFacts } from "../facts.ts";
import { cut } from "../problem.ts";
import type { EvidenceRecord } from "./evidence.ts";
import type { EvidenceContext, TrustFinding } from "./judge-evidence.ts";

/** GitHub's own app, as which every workflow can write check runs: also one that the author of the pull request wrote. */
const actionsSlug = "github-actions";

/**
 * The record of a check run with what GitHub says about it: success is 1, anything else 0, and the time is the run's own. A policy's
 * threshold cannot be recomputed from a conclusion, so it is not met by one.
 */
export function completeCheckRecord(
  record: EvidenceRecord,
  facts: CheckRunFacts | null,
  policy: EvidenceContext["policy"],
): EvidenceRecord {
  const { check } = record;
  if (check === undefined) return record;
  const name = cut(check.name, 80);
  if (facts === null || facts.kind === "not-found") {
    const where = check.commit === null ? "the head commit" : `commit ${check.commit.slice(0, 7)}`;
    const why = `no check run ${name} of app ${check.appId} was found on ${where}`;
    return { ...record, defects: [...record.defects, why] };
  }
  if (facts.conclusion === null) {
    return { ...record, defects: [...record.defects, `the check run ${name} is not completed`] };
  }
  const wanted = Object.hasOwn(policy.evidenceThresholds, record.kind)
    ? policy.evidenceThresholds[record.kind]
    : undefined;
  return {
    ...record,
    result: facts.conclusion === "success" ? 1 : 0,
    threshold: "== 1",
    run: `check run ${facts.checkRunId}`,
    url: facts.url ?? record.url,
    producedAt: facts.completedAt,
    defects: [
      ...record.defects,
      ...(facts.conclusion === "success" ? [] : [`the check run ${name} ended with ${cut(facts.conclusion, 40)}`]),
      ...(wanted === undefined
        ? []
        : [`the policy wants ${cut(wanted, 40)} for ${record.kind}, and a check run gives no score`]),
    ],
  };
}

/** A check run is trusted as a workflow is, when the policy names its app and it checked the candidate that is judged. */
export function judgeCheckTrust(
  record: EvidenceRecord,
  facts: CheckRunFacts | null,
  context: EvidenceContext,
  trustedApps: readonly number[],
): TrustFinding {
  const declared = (why: string): TrustFinding => ({ level: "declared", why: `declared only: ${why}` });
  const { check } = record;
  if (check === undefined || facts === null || facts.kind === "not-found")
    return declared("GitHub knows no such check run");
  if (facts.appId !== check.appId || facts.name !== check.name) return declared("GitHub knows no such check run");
  if (facts.appSlug === actionsSlug) {
    return declared(
      "a workflow of the pull request itself can write check runs of GitHub Actions; name the run as `producer` instead",
    );
  }
  if (!trustedApps.includes(check.appId))
    return declared(`the policy does not list app ${check.appId} in \`evidenceApps\``);
  const { bundlesAtCommit } = facts;
  const there = Object.hasOwn(bundlesAtCommit, context.flagKey) ? bundlesAtCommit[context.flagKey] : undefined;
  if (there !== context.candidateDigest) {
    return declared(`check run ${facts.checkRunId} is of a commit whose candidate is another one`);
  }
  if (record.bundle === null) return declared("the record does not say which bundle was measured");
  const commit = facts.commit.slice(0, 7);
  return {
    level: "workflow",
    why: `check run ${facts.checkRunId} of app ${cut(facts.appSlug, 60)} (${facts.appId}) on commit ${commit}`,
  };
}
