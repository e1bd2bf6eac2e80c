import type { ApprovedContent, ApprovedRoute } from "../facts.ts";
import { builtInPolicy } from "../policy/built-in-policy.ts";
import { parseRouteFile } from "../routes/parse-route-file.ts";
import type { RouteRecord } from "../routes/route-file.ts";
import { bundleRules, tolerantRules } from "./bundle-rules.ts";
import { viewBundle } from "./bundle-view.ts";
import { isExposingStatus } from "./route-comparison.ts";

/** Drafts that are kept; the content before the first of them always is. */
const mostKept = 12;

/**
 * What a newly approved content must remember of those before it, so that a split into several pull requests lowers nothing (SPEC 5).
 *
 * `earlier`: while `next` asks for no exposure, everything that was approved since a content that did, that one included, oldest first.
 * Drafts and rollbacks are approved by few; the next exposure is compared with all of them. `anchor`: the content since which price and
 * latency only made moves that are too small to be news.
 */
export function rememberApproved(
  before: ApprovedRoute | null,
  next: ApprovedContent,
): Pick<ApprovedRoute, "earlier" | "anchor"> {
  if (before === null) return {};
  const [old, now] = [readRecord(before), readRecord(next)];
  const earlier = asksForExposure(now) ? [] : listEarlier(before, old);
  const anchor = findAnchor(before, now);
  return { ...(earlier.length === 0 ? {} : { earlier }), ...(anchor === null ? {} : { anchor }) };
}

function listEarlier(before: ApprovedRoute, old: RouteRecord | null): readonly ApprovedContent[] {
  const content = contentOf(before);
  const [first, ...rest] = asksForExposure(old) ? [] : (before.earlier ?? []);
  return first === undefined ? [content] : [first, ...[...rest, content].slice(1 - mostKept)];
}

/** Null when `now` is an anchor itself: an exposure for which a large move was judged, or one that moved nothing. */
function findAnchor(before: ApprovedRoute, now: RouteRecord | null): ApprovedContent | null {
  const content = before.anchor ?? contentOf(before);
  const anchor = readRecord(content);
  if (anchor === null || now === null) return null;
  if (before.anchor === undefined && isSameProfile(anchor, now)) return null;
  return asksForExposure(now) && hasMoved(anchor, now) ? null : content;
}

function isSameProfile(from: RouteRecord, to: RouteRecord): boolean {
  const read = ({ baseline, candidate }: RouteRecord): string =>
    JSON.stringify(
      [baseline, candidate].map((bundle) => [
        bundle?.model,
        bundle?.provider,
        bundle?.version,
        bundle?.endpoint,
        bundle?.pricing,
        bundle?.latency,
      ]),
    );
  return read(from) === read(to);
}

function hasMoved(from: RouteRecord, to: RouteRecord): boolean {
  const rules = bundleRules.filter(({ id }) => tolerantRules.includes(id));
  return (["baseline", "candidate"] as const).some((side) => {
    const [old, now] = [from[side], to[side]];
    // Where there was none, everything is new and was judged as such.
    if (old === null || now === null) return old !== now;
    // Price and latency need neither the files that a bundle names nor the policy's families.
    const policy = { ...builtInPolicy, digest: "" };
    return rules.some((rule) => rule.look(viewBundle(old, {}, policy), viewBundle(now, {}, policy)) !== null);
  });
}

function contentOf({
  path,
  text,
  files,
  audiences,
  candidateDigest,
  baselineDigest,
}: ApprovedContent): ApprovedContent {
  return { path, text, files, audiences, candidateDigest, baselineDigest };
}

function readRecord({ path, text }: ApprovedContent): RouteRecord | null {
  const parsed = parseRouteFile(path, { kind: "text", text });
  return parsed.ok ? parsed.value.record : null;
}

function asksForExposure(record: RouteRecord | null): boolean {
  return record !== null && isExposingStatus(record.approval.status);
}
