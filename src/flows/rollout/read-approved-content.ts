import type { ApprovedRoute } from "../../core/facts.ts";
import type { ApprovedContent } from "../../core/rollout/plan-wanted.ts";
import { digestBundle } from "../../core/routes/digest-bundle.ts";
import { parseRouteFile } from "../../core/routes/parse-route-file.ts";
import { planOf } from "../../core/routes/plan-of.ts";
import { stageOf } from "../../core/routes/stage-of.ts";

/** The approved text as a record with its stage and plan; a reason when this version of Routeward cannot read it. */
export function readApprovedContent(
  approved: ApprovedRoute,
): { ok: true; content: ApprovedContent } | { ok: false; reason: string } {
  const parsed = parseRouteFile(approved.path, { kind: "text", text: approved.text });
  if (!parsed.ok) {
    const first = parsed.problems.find((problem) => problem.severity === "error");
    return {
      ok: false,
      reason: `the approved file ${approved.path} cannot be read${first === undefined ? "" : `: ${first.message}`}`,
    };
  }
  const { record } = parsed.value;
  if (record.flagKey !== approved.flagKey) return { ok: false, reason: "the approved file names another flag" };
  const baseline = digestBundle(record.baseline, approved.files);
  const candidate = record.candidate === null ? null : digestBundle(record.candidate, approved.files);
  if (baseline !== approved.baselineDigest || candidate !== approved.candidateDigest) {
    return { ok: false, reason: "the approved digests are not those of the approved file" };
  }
  const definitions = { audiences: approved.audiences };
  return {
    ok: true,
    content: { approved, record, stage: stageOf(record, definitions), plan: planOf(record, definitions) },
  };
}
