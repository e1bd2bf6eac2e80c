/** An id without the part that pins it. */
export interface Snapshot {
  name: string;
  /** `20250929`, `2024-08-06`, with a Bedrock revision as `20250929-v1:0`; null when the id names none. */
  version: string | null;
  /** The id says that it moves: `-latest`, `-preview`, `-exp`. */
  moving: boolean;
}

/** Forms of a dated or numbered snapshot at the end of an id (facts/formats.md section 2). */
const snapshotForms: readonly RegExp[] = [
  /[-@](20\d\d-[01]\d-[0-3]\d)$/,
  /[-@](20\d\d[01]\d[0-3]\d)$/,
  /-([01]\d-20\d\d)$/,
  /-(2\d(?:0[1-9]|1[0-2]))$/,
  /-((?:0[1-9]|1[0-2])[0-3]\d)$/,
  /-(00\d)$/,
];

/** Splits an id into its name and the snapshot that it is pinned to. */
export function readSnapshot(id: string): Snapshot {
  const text = id.slice(0, 300);
  const revision = /-(v\d{1,2}(?::\d{1,2})?)$/.exec(text)?.[1];
  const unrevised = revision === undefined ? text : text.slice(0, -(revision.length + 1));
  const moving = /[-@](latest|preview|exp|experimental)$/.exec(unrevised)?.[0];
  if (moving !== undefined) {
    return { name: unrevised.slice(0, -moving.length), version: null, moving: true };
  }
  for (const form of snapshotForms) {
    const match = form.exec(unrevised);
    const version = match?.[1];
    if (match === null || version === undefined) continue;
    const name = unrevised.slice(0, match.index);
    return { name, version: revision === undefined ? version : `${version}-${revision}`, moving: false };
  }
  return { name: unrevised, version: revision ?? null, moving: false };
}
