import type { Problem } from "../problem.ts";
import { placeOf, type RouteFile } from "./route-file.ts";

/**
 * Going from a live stage to `draft` is a problem (SPEC 2): a draft leaves the flag untouched, so the candidate would stay
 * live without a file that says so.
 * @param isLive whether the flag serves the candidate in some stage now
 */
export function isRouteTransitionProblem(file: RouteFile, isLive: boolean): Problem | null {
  if (!isLive || file.record.approval.status !== "draft") return null;
  return {
    ...placeOf(file, "approval.status"),
    code: "live-to-draft",
    severity: "error",
    message: "The route is live and cannot go back to `draft`.",
    expected: "rolled-back",
    found: "draft",
    fix: "Use `rolled-back`: it turns the flag off and serves the baseline to everyone.",
  };
}
