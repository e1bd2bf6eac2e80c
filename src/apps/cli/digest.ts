import { parsePolicy } from "../../core/policy/parse-policy.ts";
import { builtInPolicy } from "../../core/policy/built-in-policy.ts";
import { isRoutePath } from "../../core/policy/is-route-path.ts";
import type { Problem } from "../../core/problem.ts";
import { namedFiles } from "../../core/routes/named-files.ts";
import { parseRouteFile } from "../../core/routes/parse-route-file.ts";
import { resolveRoute } from "../../core/routes/resolve-route.ts";
import type { RouteState } from "../../core/routes/route-file.ts";
import { FileError, type CliCommand, type CliContext } from "./cli-command.ts";
import { toRepositoryPath } from "./local/repository-path.ts";
import { renderProblem } from "./local/render-problem.ts";
import { readWorkingFiles, type WorkingFiles } from "./local/working-files.ts";
import { withLocalGit } from "./local/with-local-git.ts";
import { parseOptions, type Options } from "./parse-options.ts";

/** `routeward digest`: what evidence must carry to count for a bundle (SPEC 1, 8). */
export const digestCommand: CliCommand = {
  usage: `Usage: routeward digest [FILE] [options]

Prints the bundle digests of one route file, or of all route files of the working tree. Evidence that carries a candidate's digest
counts for exactly that candidate.

Options
  --candidate   print only the candidate's digest, alone on its line
  --baseline    print only the baseline's digest, alone on its line
  --json        print as JSON
  -h, --help    show this text

Exit code: 0 printed, 1 a digest cannot be computed, 2 there is no such file
`,
  async run(args, context) {
    const specs = {
      candidate: { type: "boolean" },
      baseline: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    const options = parseOptions(args, specs, 1);
    return withLocalGit(context, async (git) => {
      const files = await readWorkingFiles(git);
      return printDigests(await listRoutes(files, git.root, options, context), options, context);
    });
  },
};

interface ReadRoutes {
  states: readonly RouteState[];
  problems: readonly Problem[];
}

async function listRoutes(
  files: WorkingFiles,
  root: string,
  options: Options,
  context: CliContext,
): Promise<ReadRoutes> {
  const [named] = options.positionals;
  const paths = named === undefined ? await listRoutePaths(files) : [toRepositoryPath(named, root, context)];
  await files.read(paths);
  const states: RouteState[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const content = files.snapshot().contents[path];
    const mode = files.entries.find((entry) => entry.path === path)?.mode;
    if (content === undefined) throw new FileError(`there is no ${path} in this working tree`);
    const parsed = parseRouteFile(path, content, mode);
    if (!parsed.ok) {
      problems.push(...parsed.problems);
      continue;
    }
    await files.read(namedFiles(parsed.value.record));
    const state = resolveRoute(parsed.value, files.snapshot());
    states.push(state);
    problems.push(...state.problems);
  }
  return { states, problems };
}

async function listRoutePaths(files: WorkingFiles): Promise<readonly string[]> {
  const policy = parsePolicy(await files.readPolicy(), { kind: "absent" });
  const rules = policy.ok ? policy.value : builtInPolicy;
  return files.entries.map(({ path }) => path).filter((path) => isRoutePath(rules, path));
}

function printDigests({ states, problems }: ReadRoutes, options: Options, context: CliContext): number {
  const sides = (["baseline", "candidate"] as const).filter(
    (side) => options.has(side) || (!options.has("baseline") && !options.has("candidate")),
  );
  const isBare = sides.length === 1;
  const rows = states.map((state) => ({
    path: state.file.path,
    flagKey: state.file.record.flagKey,
    environment: state.file.record.environment,
    baseline: state.baselineDigest,
    candidate: state.candidateDigest,
    files: state.files,
  }));
  if (options.has("json")) {
    context.print(`${JSON.stringify({ version: 1, routes: rows }, null, 2)}\n`);
  } else {
    for (const row of rows) {
      if (!isBare) context.print(`${row.path}\n`);
      for (const side of sides) {
        const digest = row[side];
        if (isBare) context.print(digest === null ? "" : `${digest}\n`);
        else context.print(`  ${side.padEnd(9)} ${digest ?? "none"}\n`);
      }
    }
  }
  for (const problem of problems) context.warn(renderProblem(problem, false));
  const isNothing = states.length === 0 && problems.length === 0;
  if (isNothing) context.warn("routeward: there is no route file\n");
  // Whoever asks for one digest puts it somewhere; nothing must not pass for it.
  if (isNothing && isBare) return 1;
  const isMissing = rows.some((row) => sides.some((side) => row[side] === null && (isBare || side === "baseline")));
  return problems.some(({ severity }) => severity === "error") || isMissing ? 1 : 0;
}
