import type { ApprovedRoute } from "../../core/facts.ts";
import { digestText } from "../../core/routes/digest-bundle.ts";
import type { RepositoryPort } from "../../ports/github.ts";

/**
 * Whether the default branch still holds what was approved (SPEC 12): the route file's text and the digest of every file
 * that it names. Answers reasons to hold; empty means yes.
 *
 * @throws GitHubError when GitHub cannot be asked
 */
export async function checkBranch(approved: ApprovedRoute, repository: RepositoryPort): Promise<readonly string[]> {
  const { defaultBranch } = await repository.readRepository();
  const tip = await repository.readBranch(defaultBranch);
  if (tip === null) return [`there is no branch ${defaultBranch}`];
  const tree = await repository.readTree(tip);
  if (tree === null) return [`commit ${tip} of ${defaultBranch} cannot be read`];
  const wanted = [approved.path, ...Object.keys(approved.files).toSorted()];
  const entries = wanted.flatMap((path) => tree.entries.find((entry) => entry.path === path) ?? []);
  const missing = wanted.filter((path) => !entries.some((entry) => entry.path === path));
  if (missing.length > 0) {
    return [
      tree.complete
        ? `${defaultBranch} no longer holds ${missing.join(", ")}`
        : `${defaultBranch} is too large to list, and ${missing.join(", ")} was not in the part that GitHub gave`,
    ];
  }
  const blobs = await repository.readBlobs(entries.map(({ oid, mode, size }) => ({ oid, mode, size })));
  const changed = entries.filter(({ path, oid, mode }) => {
    const content = blobs.get(oid);
    if (content?.kind !== "text" || (mode !== "file" && mode !== "executable")) return true;
    return path === approved.path ? content.text !== approved.text : digestText(content.text) !== approved.files[path];
  });
  if (changed.length === 0) return [];
  const paths = changed.map((entry) => entry.path).join(", ");
  return [
    `${defaultBranch} (${tip.slice(0, 7)}) holds another ${paths} than the one approved in #${approved.pull} (${approved.mergeSha.slice(0, 7)})`,
  ];
}
