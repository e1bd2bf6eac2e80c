import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createLocalPort } from "../../../adapters/git-local/create-local-port.ts";
import type { LocalGit } from "../../../adapters/git-local/open-local-git.ts";
import { FileError, UsageError, type CliContext } from "../cli-command.ts";
import type { Options, OptionSpecs } from "../parse-options.ts";
import { judgeChange, listAssumptions, type Judged, type JudgingQuestion, type Supposition } from "./judge-change.ts";
import { addApprovals, assumePeople, listNeedlessApprovals, parseApproval } from "./pretend-people.ts";
import { readBindings } from "./read-bindings.ts";
import { readLocalChange, type LocalChange } from "./read-local-change.ts";

/** Options of every command that judges the branch. */
export const branchOptions: OptionSpecs = {
  base: { type: "string" },
  committed: { type: "boolean" },
  "own-rules": { type: "boolean" },
  policy: { type: "string" },
  config: { type: "string" },
  repository: { type: "string" },
  author: { type: "string" },
  approve: { type: "string", multiple: true },
  "as-new": { type: "boolean" },
  at: { type: "string" },
  help: { type: "boolean", short: "h" },
};

/** Their help, for the texts of the commands. */
export const branchUsage = `  --base REF              compare with REF instead of the default branch
  --committed             leave out what is not committed
  --own-rules             judge by this branch's own policy and CODEOWNERS, as if they were merged
  --policy FILE           judge by this policy instead of the one in force
  --config FILE           take bindings from an operator's file; without it every environment is production
  --repository OWNER/NAME what origin's address does not say
  --author @USER          who opens the pull request, and so cannot approve it
  --approve @USER:ROLE    pretend this approval; may be repeated, several roles with commas
  --as-new                do not count the base branch's content as approved
  --at TIME               judge at this time (ISO 8601) instead of now`;

export interface JudgedBranch {
  judged: Judged;
  change: LocalChange;
  /** What had to be assumed, for people. */
  notes: readonly string[];
}

/**
 * Judges the working branch without network.
 *
 * @param more.edit changes what is judged before it is
 */
export async function judgeBranch(
  git: LocalGit,
  options: Options,
  context: CliContext,
  more: { supposition?: Supposition; edit?: (change: LocalChange) => Promise<LocalChange> } = {},
): Promise<JudgedBranch> {
  const approvals = options.texts("approve").map(parseApproval);
  const now = readTime(options, context);
  const question: JudgingQuestion = {
    bindings: await readConfig(options, context),
    assumeApproved: !options.has("as-new"),
    supposition: more.supposition ?? null,
    knowsWorkflowRuns: false,
  };
  const read = await readLocalChange(git, {
    base: options.text("base"),
    committed: options.has("committed"),
    repository: options.text("repository"),
    policy: await readPolicy(options, context),
    ownRules: options.has("own-rules"),
    author: options.text("author"),
  });
  const change = more.edit === undefined ? read : await more.edit(read);
  const judged = await judgeChange(
    createLocalPort(git, change),
    change,
    {
      ...question,
      people: (assessment) => addApprovals(assumePeople(assessment, change.commitLogins), assessment, approvals),
    },
    now,
  );
  const notes = [
    ...change.notes,
    ...listAssumptions(judged, question),
    ...listNeedlessApprovals(judged.assessment, approvals),
    ...(judged.verdict.governance === null || options.has("policy")
      ? []
      : [`judged by the rules of ${change.repository.defaultBranch}; --own-rules judges by those of the branch`]),
    ...(options.has("own-rules") ? ["judged by the branch's own rules, which are not in force yet"] : []),
    ...(options.has("policy") ? [`judged by ${options.text("policy") ?? ""}, which is not in force`] : []),
  ];
  return { judged, change, notes };
}

/** @throws UsageError when `--at` is no time */
export function readTime(options: Options, context: CliContext): Date {
  const text = options.text("at");
  if (text === null) return context.now();
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(time.getTime())) {
    throw new UsageError(`--at ${text} is not a time such as 2026-06-15T10:00:00Z`);
  }
  return time;
}

/** Bindings of `--config`; null without it. */
export async function readConfig(
  options: Options,
  context: CliContext,
): Promise<Awaited<ReturnType<typeof readBindings>> | null> {
  const path = options.text("config");
  return path === null ? null : readBindings(resolve(context.folder, path));
}

/** The text of `--policy`; null without it. @throws FileError */
export async function readPolicy(options: Options, context: CliContext): Promise<string | null> {
  const path = options.text("policy");
  if (path === null) return null;
  return readFile(resolve(context.folder, path), "utf8").catch((cause: unknown) => {
    throw new FileError(`${path} cannot be read`, { cause });
  });
}
