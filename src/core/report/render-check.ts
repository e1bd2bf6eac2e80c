import { createHash } from "node:crypto";
import type { CheckReport } from "../effect.ts";
import { assertNever } from "../problem.ts";
import type { VerdictState } from "../scales.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { composeCard } from "./card.ts";
import { checkTextLimit, cutMarkdown } from "./cut-bytes.ts";
import { flattenLine } from "./flatten-line.ts";
import { renderAnnotations } from "./render-annotations.ts";
import { renderMarkdown, renderSummary } from "./render-markdown.ts";

/** Name of the check that repositories require (SPEC 11). */
export const checkName = "routeward/approval";

export interface ReportContext {
  headSha: string;
}

/** The verdict as a completed check run (SPEC 11). Equal verdicts on one commit give the same `externalId`. */
export function renderCheck(verdict: Verdict, context: ReportContext): CheckReport {
  const card = composeCard(verdict);
  const more = "The rest is cut: `routeward check` shows all of it.";
  const own = {
    conclusion: concludeFrom(verdict.state, verdict.mode),
    title: flattenLine(verdict.title),
    summary: cutMarkdown(renderSummary(card, opening(verdict)), checkTextLimit, more),
    text: cutMarkdown(renderMarkdown(card), checkTextLimit, more),
    annotations: renderAnnotations(verdict),
    actions: listActions(verdict),
  };
  const digest = createHash("sha256")
    .update(JSON.stringify([context.headSha, own]))
    .digest("hex");
  return { name: checkName, headSha: context.headSha, status: "completed", ...own, externalId: `sha256:${digest}` };
}

/**
 * Waiting is completed with `action_required`, wrong or blocked is `failure`, never neutral or skipped, which would let a required check
 * pass (SPEC 11). A policy in mode `report` always succeeds: it judges and moves nothing (SPEC 3).
 */
export function concludeFrom(state: VerdictState, mode: Verdict["mode"]): "success" | "failure" | "action_required" {
  if (mode === "report") return "success";
  switch (state) {
    case "not-applicable":
    case "approved":
      return "success";
    case "waiting":
      return "action_required";
    case "blocked":
    case "invalid":
      return "failure";
    default:
      return assertNever(state);
  }
}

function opening(verdict: Verdict): string {
  const count = verdict.routes.length;
  const routes = count === 1 ? `Route ${verdict.routes[0]?.flagKey ?? ""}` : `${count} routes`;
  const files = verdict.gateways.length === 1 ? "One gateway file" : `${verdict.gateways.length} gateway files`;
  const what = [
    ...(count === 0 ? [] : [routes]),
    ...(verdict.gateways.length === 0 ? [] : [files]),
    ...(verdict.governance === null ? [] : ["the rules themselves"]),
  ];
  if (verdict.state === "not-applicable")
    return "This pull request changes no model route, so nothing has to be approved here.";
  if (what.length === 0)
    return `This pull request: ${verdict.state}. Its risk is not known until the files can be read.`;
  return `${what.join(" and ")}: ${verdict.state}, ${verdict.tier} risk.`;
}

/** Buttons; who may press them is checked when they are pressed. */
function listActions(verdict: Verdict): CheckReport["actions"] {
  if (verdict.routes.length === 0) {
    return verdict.state === "not-applicable"
      ? []
      : [{ label: "Re-check", description: "Read everything again and judge", identifier: "recheck" }];
  }
  return [
    { label: "Re-check", description: "Read everything again and judge", identifier: "recheck" },
    { label: "Rehearse", description: "Prove that the way back works", identifier: "rehearse" },
    { label: "Roll back", description: "Serve the baseline to everyone now", identifier: "rollback" },
  ];
}
