import { posix, relative, resolve, sep } from "node:path";
import { UsageError, type CliContext } from "../cli-command.ts";

/** A path as the person writes it, as the repository calls it. @throws UsageError outside of the repository */
export function toRepositoryPath(path: string, root: string, context: CliContext): string {
  const inside = relative(root, resolve(context.folder, path)).split(sep).join(posix.sep);
  if (inside.startsWith("../") || inside === ".." || posix.isAbsolute(inside)) {
    throw new UsageError(`${path} lies outside of the repository`);
  }
  return inside;
}
