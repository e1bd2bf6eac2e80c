import type { ApprovedContent, ApprovedRoute } from "../facts.ts";
import { parseRouteFile } from "../routes/parse-route-file.ts";
import { isExposingStatus } from "./route-comparison.ts";

/** Drafts that are kept; the content before the first of them always is. */
const mostKept = 12;

/**
 * What the next exposure is compared with besides the content that is approved now (SPEC 5: a split over drafts and rollbacks, which few
 * approve, lowers nothing): everything that was approved since a content that asked for exposure, that one included, oldest first. Empty
 * when `next` asks for exposure itself: then everybody concerned has judged it.
 */
export function keepEarlier(before: ApprovedRoute | null, next: ApprovedContent): readonly ApprovedContent[] {
  if (before === null || asksForExposure(next)) return [];
  const { path, text, files, audiences, candidateDigest, baselineDigest } = before;
  const content: ApprovedContent = { path, text, files, audiences, candidateDigest, baselineDigest };
  const [first, ...rest] = asksForExposure(before) ? [] : (before.earlier ?? []);
  return first === undefined ? [content] : [first, ...[...rest, content].slice(1 - mostKept)];
}

function asksForExposure({ path, text }: ApprovedContent): boolean {
  const parsed = parseRouteFile(path, { kind: "text", text });
  return parsed.ok && isExposingStatus(parsed.value.record.approval.status);
}
