import type { EvidenceRecord } from "../evidence/evidence.ts";
import { isEvidenceId } from "./edit-route.ts";

/** Records that one proposal names at most; a reader has to look at each. */
const mostRecords = 10;

/**
 * The records of the evidence folder that a stage asks for and the file does not name yet: of a wanted kind, about this very candidate,
 * without a defect. The newest of each kind. Whether they count is for the card of the pull request to say.
 *
 * @param wanted kinds, alternatives together (`listWantedKinds`)
 * @param named ids that the file names already, whatever they are
 * @returns ids to add, and the groups of kinds for which nothing is there at all
 */
export function chooseEvidence(
  records: readonly EvidenceRecord[],
  wanted: readonly (readonly string[])[],
  named: readonly string[],
  candidateDigest: string | null,
): { add: readonly string[]; missing: readonly (readonly string[])[] } {
  const fitting = records.filter(
    (record) => record.bundle !== null && record.bundle === candidateDigest && record.defects.length === 0,
  );
  const newestFirst = fitting.toSorted(
    (a, b) => Date.parse(b.producedAt ?? "") - Date.parse(a.producedAt ?? "") || (a.id < b.id ? -1 : 1),
  );
  const kinds = [...new Set(wanted.flat())];
  const newest = kinds.flatMap((kind) => newestFirst.find((record) => record.kind === kind) ?? []);
  const add = newest.map(({ id }) => id).filter((id) => isEvidenceId(id) && !named.includes(id));
  const has = (kind: string): boolean => fitting.some((record) => record.kind === kind);
  return {
    add: [...new Set(add)].sort().slice(0, mostRecords),
    missing: wanted.filter((alternatives) => !alternatives.some(has)),
  };
}
