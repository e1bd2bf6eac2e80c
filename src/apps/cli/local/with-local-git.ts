import { openLocalGit, type LocalGit } from "../../../adapters/git-local/open-local-git.ts";
import type { CliContext } from "../cli-command.ts";

/** Opens the clone that the command was started in, and removes afterwards what had to be written for it. */
export async function withLocalGit<T>(context: CliContext, work: (git: LocalGit) => Promise<T>): Promise<T> {
  const git = await openLocalGit(context.folder, context.env);
  try {
    return await work(git);
  } finally {
    await git.close();
  }
}
