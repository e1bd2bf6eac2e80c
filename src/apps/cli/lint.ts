import { isRehearsalId } from "../../core/evidence/judge-evidence.ts";
import { listEvidencePaths, readEvidence } from "../../core/evidence/read-evidence.ts";
import { builtInPolicy } from "../../core/policy/built-in-policy.ts";
import { isEvidencePath, isRoutePath } from "../../core/policy/is-route-path.ts";
import { parsePolicy, policyPath } from "../../core/policy/parse-policy.ts";
import type { Policy } from "../../core/policy/policy.ts";
import type { Problem } from "../../core/problem.ts";
import { listProblemFindings, renderSarif } from "../../core/report/render-sarif.ts";
import { parseCodeowners } from "../../core/reviewers/parse-codeowners.ts";
import { codeownersPaths } from "../../core/risk/classify-governance.ts";
import { checkRouteFiles } from "../../core/routes/check-route-files.ts";
import { namedFiles } from "../../core/routes/named-files.ts";
import { parseRouteFile } from "../../core/routes/parse-route-file.ts";
import { resolveRoute } from "../../core/routes/resolve-route.ts";
import { placeOf, type RouteFile } from "../../core/routes/route-file.ts";
import { UsageError, type CliCommand, type CliContext } from "./cli-command.ts";
import { toRepositoryPath } from "./local/repository-path.ts";
import { readForm } from "./local/print-judged.ts";
import { renderProblem } from "./local/render-problem.ts";
import { readWorkingFiles, type WorkingFiles } from "./local/working-files.ts";
import { withLocalGit } from "./local/with-local-git.ts";
import { parseOptions, type Options } from "./parse-options.ts";
import { readVersion } from "./read-version.ts";

/** `routeward lint`: what is wrong with the files, whoever may approve them. */
export const lintCommand: CliCommand = {
  usage: `Usage: routeward lint [PATH..] [options]

Reports the problems of route files, policy, evidence records and CODEOWNERS in the working tree, with line, column and how to mend
them. With paths only what stands in those files and folders.

Options
  --strict      warnings count like errors
  --json        print the problems as JSON
  --sarif       print them as SARIF 2.1.0
  -h, --help    show this text

Exit code: 0 no error, 1 errors, 2 there is no such path
`,
  async run(args, context) {
    const specs = {
      strict: { type: "boolean" },
      json: { type: "boolean" },
      sarif: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    const options = parseOptions(args, specs, 1000);
    return withLocalGit(context, async (git) => {
      const files = await readWorkingFiles(git);
      const within = options.positionals.map((path) => toRepositoryPath(path, git.root, context));
      for (const path of within) {
        if (!files.entries.some((entry) => isWithin(entry.path, path)))
          throw new UsageError(`there is no ${path} in this working tree, or git ignores it`);
      }
      const { problems, count } = await findProblems(files, within);
      return printProblems(problems, count, options, context);
    });
  },
};

function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder.replace(/\/$/, "")}/`);
}

async function findProblems(
  files: WorkingFiles,
  within: readonly string[],
): Promise<{ problems: readonly Problem[]; count: number }> {
  const policySource = await files.readPolicy();
  const parsed = parsePolicy(policySource, { kind: "absent" });
  const policy: Policy = parsed.ok ? parsed.value : { ...builtInPolicy, digest: "" };
  const codeowners = parseCodeowners(await files.readCodeowners());
  const routePaths = listRoutePaths(files, policy, within);
  const { routes, problems: ofRoutes } = await lintRoutes(files, routePaths);
  const { problems: ofEvidence, count } = await lintEvidence(files, routes, policy);
  const isAsked = (path: string): boolean => within.length === 0 || within.some((one) => isWithin(path, one));
  const all = [...parsed.problems, ...codeowners.problems, ...ofRoutes, ...ofEvidence].filter(({ path }) =>
    isAsked(path),
  );
  const rules = [
    policySource.kind === "absent" ? [] : [policyPath],
    codeowners.kind === "absent" ? [] : [codeowners.path],
  ];
  return {
    problems: all.sort((a, b) =>
      a.path === b.path ? a.line - b.line || a.column - b.column : a.path < b.path ? -1 : 1,
    ),
    count: [...rules.flat(), ...routePaths].filter(isAsked).length + count,
  };
}

/** Route files by the policy, and whatever YAML file the person named that is nothing else. */
function listRoutePaths(files: WorkingFiles, policy: Policy, within: readonly string[]): readonly string[] {
  const paths = files.entries.map(({ path }) => path);
  const named = within.filter(
    (path) =>
      /\.ya?ml$/i.test(path) && path !== policyPath && !codeownersPaths.includes(path) && !isEvidencePath(policy, path),
  );
  return paths.filter((path) => isRoutePath(policy, path) || named.includes(path));
}

async function lintRoutes(
  files: WorkingFiles,
  paths: readonly string[],
): Promise<{ routes: readonly RouteFile[]; problems: readonly Problem[] }> {
  await files.read(paths);
  const modes = new Map(files.entries.map(({ path, mode }) => [path, mode]));
  const { contents } = files.snapshot();
  const parsed = paths.flatMap((path) => {
    const content = contents[path];
    return content === undefined ? [] : [parseRouteFile(path, content, modes.get(path))];
  });
  const routes = parsed.flatMap((each) => (each.ok ? [each.value] : []));
  await files.read(routes.flatMap((route) => namedFiles(route.record)));
  const snapshot = files.snapshot();
  return {
    routes,
    problems: [
      ...parsed.flatMap((each) => each.problems),
      ...checkRouteFiles(routes, files.entries),
      ...routes.flatMap((route) => resolveRoute(route, snapshot).problems),
    ],
  };
}

/** Records that a route names, and every other YAML file of the folder that stands for itself. */
async function lintEvidence(
  files: WorkingFiles,
  routes: readonly RouteFile[],
  policy: Policy,
): Promise<{ problems: readonly Problem[]; count: number }> {
  const folder = policy.evidenceFolder;
  const paths = files.entries.map(({ path }) => path).filter((path) => isEvidencePath(policy, path));
  await files.read(paths);
  const { contents } = files.snapshot();
  const texts = paths.flatMap((path) => {
    const content = contents[path];
    return content === undefined ? [] : [{ path, content }];
  });
  const named = new Map(
    routes.flatMap((route) =>
      route.record.approval.evidence.flatMap((entry, index) =>
        entry.kind === "id" && !isRehearsalId(entry.id)
          ? [[entry.id, placeOf(route, `approval.evidence.${index}`)] as const]
          : [],
      ),
    ),
  );
  const own = paths.flatMap((path) => {
    const id = /^([A-Za-z0-9._-]+)\.ya?ml$/.exec(path.slice(folder.length + 1))?.[1];
    return id === undefined || named.has(id) ? [] : [[id, { path, line: 1, column: 1 }] as const];
  });
  const problems = [...named, ...own].flatMap(([id, place]) => {
    const isThere = listEvidencePaths(folder, id).some((path) => paths.includes(path));
    // A record may come later than the route that names it, so its absence is no error of the file.
    return readEvidence(id, texts, { folder, place }).problems.map((problem): Problem =>
      isThere ? problem : { ...problem, severity: "warning" },
    );
  });
  return { problems, count: paths.length };
}

function printProblems(problems: readonly Problem[], count: number, options: Options, context: CliContext): number {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const form = readForm(options);
  if (form === "json")
    context.print(`${JSON.stringify({ version: 1, files: count, errors, warnings, problems }, null, 2)}\n`);
  else if (form === "sarif") context.print(renderSarif(listProblemFindings(problems), readVersion()));
  else {
    for (const problem of problems) context.print(renderProblem(problem, context.colour));
    const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
    context.print(`${plural(count, "file")}: ${plural(errors, "error")}, ${plural(warnings, "warning")}\n`);
  }
  return errors > 0 || (options.has("strict") && warnings > 0) ? 1 : 0;
}
