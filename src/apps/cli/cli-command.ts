/** What a command of the command line may touch; tests put their own in. */
export interface CliContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Folder that the command was started in. */
  folder: string;
  now: () => Date;
  /** To standard output: what was asked for. */
  print: (text: string) => void;
  /** To standard error: what went wrong and what people should know besides. */
  warn: (text: string) => void;
  colour: boolean;
}

/** One command in one file, loaded only when it is called. */
export interface CliCommand {
  /** The whole help text of the command. */
  usage: string;
  /** @returns the exit code: 0 done or approved, 1 the answer is no, 2 it could not be done */
  run: (args: readonly string[], context: CliContext) => Promise<number>;
}

/** The person asked for something that the command does not know. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A file that the person named cannot be read or written. Exit code 2. */
export class FileError extends Error {
  override readonly name = "FileError";
}

/** Routeward understood and refuses; the message says why. Exit code 1. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}
