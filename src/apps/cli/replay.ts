import { createLocalPort } from "../../adapters/git-local/create-local-port.ts";
import type { LocalCommit, LocalGit } from "../../adapters/git-local/open-local-git.ts";
import { readPolicyFile } from "../../core/policy/read-policy-file.ts";
import { flattenLine } from "../../core/report/flatten-line.ts";
import type { Verdict } from "../../core/verdict/verdict.ts";
import { UsageError, type CliCommand, type CliContext } from "./cli-command.ts";
import { compareVerdicts, renderDifferences, type VerdictDifference } from "./local/compare-verdicts.ts";
import { readConfig, readPolicy } from "./local/judge-branch.ts";
import { judgeChange, type JudgingQuestion } from "./local/judge-change.ts";
import { assumePeople } from "./local/pretend-people.ts";
import { readLocalChange, type LocalChange } from "./local/read-local-change.ts";
import { renderProblem } from "./local/render-problem.ts";
import { withLocalGit } from "./local/with-local-git.ts";
import { parseOptions, type Options } from "./parse-options.ts";

const defaultLimit = 50;

/** `routeward replay`: past merges by another policy, before that policy is proposed. */
export const replayCommand: CliCommand = {
  usage: `Usage: routeward replay --policy FILE [options]

Judges the last merges of the default branch twice, by the policy that was in force and by FILE, and shows what would differ: tier,
rules, roles, gates. Reviews are not known to git, so both count none. No network is used.

Options
  --policy FILE           the policy to try
  --last N                how many commits of the branch's first-parent line to look at (default ${defaultLimit})
  --base REF              another branch than the default branch
  --config FILE           take bindings from an operator's file; without it every environment is production
  --repository OWNER/NAME what origin's address does not say
  --all                   list the merges that would not differ too
  --exit-code             exit with 1 when something would differ
  --json                  print as JSON
  -h, --help              show this text

Exit code: 0 replayed, 1 something differs and --exit-code is given, 2 it could not be judged
`,
  async run(args, context) {
    const specs = {
      policy: { type: "string" },
      last: { type: "string" },
      base: { type: "string" },
      config: { type: "string" },
      repository: { type: "string" },
      all: { type: "boolean" },
      "exit-code": { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    const options = parseOptions(args, specs, 0);
    const policy = await readPolicy(options, context);
    if (policy === null) throw new UsageError("--policy FILE is needed: the policy to try");
    const checked = readPolicyFile(options.text("policy") ?? "", policy);
    if (!checked.ok) {
      for (const problem of checked.problems) context.warn(renderProblem(problem, false));
      throw new UsageError(`${options.text("policy") ?? ""} is not a policy that could be tried`);
    }
    return withLocalGit(context, (git) => replay(git, policy, options, context));
  },
};

interface Replayed {
  commit: LocalCommit;
  before: Verdict;
  tried: Verdict;
  differences: readonly VerdictDifference[];
}

async function replay(git: LocalGit, policy: string, options: Options, context: CliContext): Promise<number> {
  const limit = readLimit(options.text("last"));
  const template = await readLocalChange(git, {
    base: options.text("base"),
    committed: true,
    repository: options.text("repository"),
    policy: null,
    ownRules: false,
    author: null,
  });
  const question: JudgingQuestion = {
    bindings: await readConfig(options, context),
    assumeApproved: true,
    supposition: null,
    knowsWorkflowRuns: false,
  };
  const tip = template.pull.baseSha;
  const commits = tip === "" ? [] : await git.listFirstParents(tip, limit);
  const replayed: Replayed[] = [];
  for (const commit of commits) {
    const found = await replayCommit(git, commit, { policy, template, question });
    if (found !== null) replayed.push(found);
  }
  const differing = replayed.filter(({ differences }) => differences.length > 0);
  if (options.has("json")) printJson(commits.length, replayed, context);
  else {
    for (const each of options.has("all") ? replayed : differing) context.print(renderReplayed(each));
    context.print(
      `${differing.length} of ${replayed.length} merges that concern routes would differ (${commits.length} commits looked at)\n`,
    );
  }
  return differing.length > 0 && options.has("exit-code") ? 1 : 0;
}

async function replayCommit(
  git: LocalGit,
  commit: LocalCommit,
  input: { policy: string; template: LocalChange; question: JudgingQuestion },
): Promise<Replayed | null> {
  const { policy, template, question } = input;
  const base = commit.parent ?? (await git.writeEmptyTree());
  const changes = await git.readChanges(base, commit.sha);
  const judge = async (rules: string): Promise<Verdict> => {
    const pull = { ...template.pull, title: commit.subject, baseSha: base, headSha: commit.sha };
    const change = { ...template, pull, base, head: commit.sha, rules, hasConflicts: false, changes };
    const people = (assessment: Parameters<typeof assumePeople>[0]): ReturnType<typeof assumePeople> =>
      assumePeople(assessment, []);
    const at = new Date(commit.at);
    return (await judgeChange(createLocalPort(git, change), change, { ...question, people }, at)).verdict;
  };
  const before = await judge(base);
  const tried = await judge(await git.writeFiles(base, new Map([[".github/routeward.yml", policy]])));
  if (before.state === "not-applicable" && tried.state === "not-applicable") return null;
  return { commit, before, tried, differences: compareVerdicts(before, tried) };
}

function readLimit(text: string | null): number {
  if (text === null) return defaultLimit;
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw new UsageError(`--last ${text} is not a number of commits`);
  return limit;
}

/** The number that GitHub writes into the subject of a merge or squash; null when there is none. */
export function readPullNumber(subject: string): number | null {
  const number = /^Merge pull request #(\d{1,9}) |\(#(\d{1,9})\)$/.exec(subject);
  const digits = number?.[1] ?? number?.[2];
  return digits === undefined ? null : Number(digits);
}

function renderReplayed({ commit, before, tried, differences }: Replayed): string {
  const pull = readPullNumber(commit.subject);
  const name = `${commit.sha.slice(0, 10)} ${commit.at.slice(0, 10)}${pull === null ? "" : ` #${pull}`}`;
  const head = [`${name} ${commit.subject}`, `  before  ${before.title}`, `  tried   ${tried.title}`];
  return `${head.map(flattenKeepingIndent).join("\n")}${renderDifferences(differences)}\n`;
}

function flattenKeepingIndent(line: string): string {
  const indent = line.length - line.trimStart().length;
  return `${line.slice(0, indent)}${flattenLine(line.trimStart())}`;
}

function printJson(looked: number, replayed: readonly Replayed[], context: CliContext): void {
  const merges = replayed.map(({ commit, before, tried, differences }) => ({
    commit: commit.sha,
    at: commit.at,
    pull: readPullNumber(commit.subject),
    subject: commit.subject,
    before: { state: before.state, tier: before.tier, title: before.title },
    tried: { state: tried.state, tier: tried.tier, title: tried.title },
    differences,
  }));
  context.print(`${JSON.stringify({ version: 1, commits: looked, merges }, null, 2)}\n`);
}
