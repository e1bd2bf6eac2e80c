import type { CliCommand } from "./cli-command.ts";
import { UsageError } from "./cli-command.ts";
import { branchOptions, branchUsage, judgeBranch } from "./local/judge-branch.ts";
import { printJudged, readForm } from "./local/print-judged.ts";
import { withLocalGit } from "./local/with-local-git.ts";
import { parseOptions } from "./parse-options.ts";

/** `routeward check`: the card of the check run, for the branch that is checked out or for a pull request (SPEC 16). */
export const checkCommand: CliCommand = {
  usage: `Usage: routeward check [options]
       routeward check --pr OWNER/REPO#N [options]

Judges the working branch, with what is not committed yet, as the pull request to the default branch that it would be.
No network is used. With --pr the pull request is read from GitHub instead (GITHUB_TOKEN, GHE_HOST).

Options
${branchUsage}
  --pr OWNER/REPO#N       read this pull request from GitHub; excludes --base, --committed, --own-rules, --policy
  --json                  print the verdict as JSON
  --sarif                 print what stands at lines of files as SARIF 2.1.0
  -h, --help              show this text

Exit code: 0 approved or nothing to approve, 1 not approved, 2 it could not be judged
`,
  async run(args, context) {
    const specs = {
      ...branchOptions,
      pr: { type: "string" },
      json: { type: "boolean" },
      sarif: { type: "boolean" },
    } as const;
    const options = parseOptions(args, specs, 0);
    const form = readForm(options);
    const pr = options.text("pr");
    if (pr === null) {
      return withLocalGit(context, async (git) => {
        const { judged, notes } = await judgeBranch(git, options, context);
        return printJudged(judged, notes, form, context);
      });
    }
    const local = ["base", "committed", "own-rules", "policy", "repository", "author"].find((name) =>
      options.has(name),
    );
    if (local !== undefined) throw new UsageError(`--${local} is about the local branch and cannot go with --pr`);
    // Loaded only here: it brings the GitHub client along.
    const { judgePullRequest } = await import("./github/judge-pull-request.ts");
    const { judged, notes } = await judgePullRequest(pr, options, context);
    return printJudged(judged, notes, form, context);
  },
};
