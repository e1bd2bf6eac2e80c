import { openLocalGit, type LocalGit } from "../../../adapters/git-local/open-local-git.ts";
import type { CliContext } from "../cli-command.ts";

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Opens the clone that the command was started in, and removes afterwards what had to be written for it, also when somebody loses patience.
 */
export async function withLocalGit<T>(context: CliContext, work: (git: LocalGit) => Promise<T>): Promise<T> {
  const git = await openLocalGit(context.folder, context.env);
  // The signal is given again with nobody listening, so that whoever started the command sees that it was ended by one.
  const end = (signal: NodeJS.Signals): void => {
    void git.close().finally(() => process.kill(process.pid, signal));
  };
  for (const signal of endings) process.once(signal, end);
  try {
    return await work(git);
  } finally {
    for (const signal of endings) process.off(signal, end);
    await git.close();
  }
}
