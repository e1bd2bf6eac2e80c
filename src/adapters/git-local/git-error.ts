/** Git refused, is missing, or says that there is no repository. Nothing of it gets better by asking again. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly retryable = false;
  /** What was asked of git: its subcommand. */
  readonly command: string;
  /** Exit code; null when git did not run to its end. */
  readonly code: number | null;
  /** The first line of what git said, control characters removed. */
  readonly said: string;

  constructor(message: string, fields: { command: string; code: number | null; said: string; cause?: unknown }) {
    super(message, { cause: fields.cause });
    this.command = fields.command;
    this.code = fields.code;
    this.said = fields.said;
  }
}
