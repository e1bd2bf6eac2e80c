import { type EvidenceFile, readEvidence } from "../../core/evidence/read-evidence.ts";
import type { EvidenceRecord } from "../../core/evidence/evidence.ts";
import type { Snapshot } from "../../core/facts.ts";
import type { RepositoryFiles } from "../../ports/github.ts";
import { readFiles } from "../gather-rules.ts";

/** Files of the evidence folder that are looked through for one proposal, the last names first: most names end in a date. */
const mostFiles = 200;

/** The records of the evidence folder as one commit holds them; what cannot be read is left out. */
export async function gatherEvidence(
  folder: string,
  snapshot: Snapshot,
  port: RepositoryFiles,
): Promise<readonly EvidenceRecord[]> {
  const paths = snapshot.entries
    .filter(({ path, mode }) => path.startsWith(`${folder}/`) && (mode === "file" || mode === "executable"))
    .map(({ path }) => path)
    .sort()
    .slice(-mostFiles);
  const contents = await readFiles(port, snapshot.entries, paths);
  const files: readonly EvidenceFile[] = Object.entries(contents).map(([path, content]) => ({ path, content }));
  return paths.flatMap((path) => {
    const id = /([A-Za-z0-9._-]+)\.(?:yaml|yml|json)$/.exec(path.slice(folder.length + 1))?.[1];
    // A record stands directly in the folder (SPEC 8).
    if (id === undefined || path.slice(folder.length + 1).includes("/")) return [];
    const read = readEvidence(id, files, { folder, place: { path, line: 1, column: 1 } });
    return read.ok ? [read.value] : [];
  });
}
