import { tableOf } from "../../core/table-of.ts";
import { Unzip, UnzipInflate, type UnzipFile } from "fflate";

/** Bounds on an artifact, both as it is sent and unpacked. */
export const maximumArtifactBytes = 10 * 1024 * 1024;
const maximumEntries = 200;

/** A small slice at a time: what one slice can unpack to is bounded before the sizes are looked at again. */
const sliceBytes = 16 * 1024;

/** Text of a record in an artifact and of every file beside it by name without folders, or why there is none. */
export type ArtifactText =
  | { kind: "text"; text: string; files: Readonly<Record<string, string>> }
  | { kind: "none"; why: string };

/** Endings of records and of tools' outputs; what else an artifact holds is not unpacked. */
const textual = /\.(?:ya?ml|json|xml)$/;

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** How well a file's name fits the record: its stem is the id, its name begins with the id, or not at all. */
function rankName(path: string, id: string): number {
  const name = nameOf(path);
  const dot = name.lastIndexOf(".");
  if ((dot > 0 ? name.slice(0, dot) : name) === id) return 0;
  return name.startsWith(id) ? 1 : 2;
}

/**
 * Takes the record `id` out of a zip: the file whose name is the id with an ending, else the first whose name begins
 * with it, in the order of their names. Unpacks in slices and stops at the bounds, since the sizes that a zip claims
 * may be lies.
 */
export function readArtifactText(zip: Uint8Array, id: string): ArtifactText {
  if (zip.length > maximumArtifactBytes) return { kind: "none", why: "the artifact is too large" };
  const files: { path: string; chunks: Uint8Array[]; isWhole: boolean }[] = [];
  const state: { failure: string | null; unpacked: number; entries: number } = {
    failure: null,
    unpacked: 0,
    entries: 0,
  };

  const unzip = new Unzip((file: UnzipFile) => {
    state.entries += 1;
    if (state.entries > maximumEntries) state.failure ??= "the artifact has too many files";
    if (state.failure !== null || (rankName(file.name, id) === 2 && !textual.test(file.name))) return;
    const kept = { path: file.name, chunks: new Array<Uint8Array>(), isWhole: false };
    files.push(kept);
    file.ondata = (error, data, isLast) => {
      if (error) state.failure ??= "the artifact cannot be unpacked";
      if (state.failure !== null) return;
      state.unpacked += data.length;
      if (state.unpacked > maximumArtifactBytes) state.failure = "the artifact unpacks to too much";
      else kept.chunks.push(data);
      kept.isWhole = isLast;
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  try {
    for (let start = 0; start < zip.length && state.failure === null; start += sliceBytes) {
      unzip.push(zip.subarray(start, start + sliceBytes), start + sliceBytes >= zip.length);
    }
  } catch {
    state.failure ??= "the artifact cannot be unpacked";
  }
  if (state.failure !== null) return { kind: "none", why: state.failure };

  const [best] = files.sort(
    (one, other) => rankName(one.path, id) - rankName(other.path, id) || (one.path < other.path ? -1 : 1),
  );
  if (best === undefined || rankName(best.path, id) === 2)
    return { kind: "none", why: "no file of the artifact bears the record's id" };
  if (!best.isWhole) return { kind: "none", why: "the artifact is cut off" };
  const text = decodeText(best.chunks);
  if (text === null) return { kind: "none", why: "the record in the artifact is not UTF-8 text" };
  // The first of one name counts, as for the record itself; what is no whole text is as if it were not there.
  const texts = files.toReversed().flatMap((file): [string, string][] => {
    const content = file.isWhole ? decodeText(file.chunks) : null;
    return content === null ? [] : [[nameOf(file.path), content]];
  });
  return { kind: "text", text, files: tableOf(texts) };
}

function decodeText(chunks: readonly Uint8Array[]): string | null {
  try {
    const bytes = new Uint8Array(Buffer.concat(chunks));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
