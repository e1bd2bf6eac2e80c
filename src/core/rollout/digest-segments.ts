import canonicalize from "canonicalize";
import { createHash } from "node:crypto";
import { InternalError } from "../problem.ts";
import { tableOf } from "../table-of.ts";
import type { SegmentSnapshot } from "./flag.ts";

/** SHA-256 (hex) of who is in each segment, by key. Names and ids of rules decide nothing and stay outside. */
export function digestSegments(segments: readonly SegmentSnapshot[]): Readonly<Record<string, string>> {
  return tableOf(
    segments
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map((segment) => {
        const text = canonicalize([
          segment.id,
          segment.isArchived,
          segment.included.toSorted(),
          segment.excluded.toSorted(),
          segment.rules.map((rule) => rule.conditions.map(({ property, op, value }) => [property, op, value])),
        ]);
        if (text === undefined) throw new InternalError("a segment is not JSON");
        return [segment.key, createHash("sha256").update(text).digest("hex")];
      }),
  );
}

/** Keys of the segments that hold somebody else than when they were recorded, sorted; a segment that is gone counts. */
export function listChangedSegments(
  recorded: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.keys(recorded)
    .filter((key) => now[key] !== recorded[key])
    .toSorted();
}

/** Whether exactly the same segments with the same contents stand on both sides. */
export function sameSegments(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && listChangedSegments(a, b).length === 0;
}
