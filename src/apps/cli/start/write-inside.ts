import { appendFile, lstat, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileError } from "../cli-command.ts";

/** A file to be made, or lines to be added to one; paths are the repository's. */
export type PlannedWrite =
  | { kind: "create"; path: string; text: string }
  | { kind: "replace"; path: string; text: string }
  | { kind: "append"; path: string; text: string; lines: number }
  | { kind: "keep"; path: string; why: string };

/**
 * Writes below the root and nowhere else: a symbolic link on the way is refused, and what is to be created must not be there yet.
 *
 * @throws FileError
 */
export async function writeInside(root: string, write: Exclude<PlannedWrite, { kind: "keep" }>): Promise<void> {
  const target = join(root, write.path);
  await refuseLinks(root, write.path);
  try {
    await mkdir(dirname(target), { recursive: true });
    if (write.kind === "append") await appendFile(target, write.text);
    else await writeFile(target, write.text, { flag: write.kind === "create" ? "wx" : "w" });
  } catch (cause) {
    throw new FileError(`${write.path} could not be written${describe(cause)}`, { cause });
  }
}

async function refuseLinks(root: string, path: string): Promise<void> {
  const parts = path.split("/");
  for (let length = 1; length <= parts.length; length += 1) {
    const part = parts.slice(0, length).join("/");
    const stats = await lstat(join(root, part)).catch(() => null);
    if (stats?.isSymbolicLink() === true)
      throw new FileError(`${part} is a symbolic link; nothing is written through it`);
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
}
