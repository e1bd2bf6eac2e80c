import { flattenLine } from "../../core/report/flatten-line.ts";
import { composeChecklist, type ChecklistLine } from "../../core/report/compose-checklist.ts";
import type { Mark } from "../../core/report/card.ts";
import type { RouteAssessment } from "../../core/verdict/assessment.ts";
import type { Reason, RouteVerdict } from "../../core/verdict/verdict.ts";
import { listRouteFiles } from "../../flows/plan-reading.ts";
import { UsageError, type CliCommand, type CliContext } from "./cli-command.ts";
import { branchOptions, branchUsage, judgeBranch, type JudgedBranch } from "./local/judge-branch.ts";
import { renderNotes } from "./local/print-judged.ts";
import { withLocalGit } from "./local/with-local-git.ts";
import { parseOptions, type Options } from "./parse-options.ts";
import { suggestWord } from "../../core/yaml/suggest-word.ts";
import type { LocalGit } from "../../adapters/git-local/open-local-git.ts";

/** `routeward explain`: why a route stands as it does, and how the checklist of SPEC 20 stands. */
export const explainCommand: CliCommand = {
  usage: `Usage: routeward explain [FLAGKEY] [options]
       routeward explain --transitions

Shows the tree of reasons behind the verdict on each changed route, or on the one named, and the checklist that must hold before
production exposure. A route that the branch does not change is explained as if it were proposed now.

Options
${branchUsage}
  --json                  print reasons and checklist as JSON
  --transitions           print the table by which a rollout moves, and nothing else
  -h, --help              show this text

Exit code: 0 explained, 2 there is no such route or it could not be judged
`,
  async run(args, context) {
    const specs = { ...branchOptions, json: { type: "boolean" }, transitions: { type: "boolean" } } as const;
    const options = parseOptions(args, specs, 1);
    if (options.has("transitions")) {
      const { renderTransitions } = await import("../../core/rollout/transitions.ts");
      context.print(renderTransitions());
      return 0;
    }
    return withLocalGit(context, (git) => explain(git, options, context));
  },
};

async function explain(git: LocalGit, options: Options, context: CliContext): Promise<number> {
  const flagKey = options.positionals[0] ?? null;
  const branch = await judgeNamed(git, flagKey, options, context);
  const { assessment, verdict } = branch.judged;
  const routes = verdict.routes
    .filter((route) => flagKey === null || route.flagKey === flagKey)
    .flatMap((route) => {
      const assessed = assessment.routes.find((each) => isOf(each, route));
      return assessed === undefined ? [] : [{ route, checklist: composeChecklist(assessed, route, assessment.policy) }];
    });
  if (options.has("json")) {
    const value = {
      version: 1,
      title: verdict.title,
      assumed: branch.notes,
      reasons: verdict.reasons,
      routes: routes.map(({ route, checklist }) => ({
        flagKey: route.flagKey,
        environment: route.environment,
        path: route.path,
        state: route.state,
        tier: route.classification.tier,
        reasons: route.reasons,
        checklist,
        next: route.next,
      })),
    };
    context.print(`${JSON.stringify(value, null, 2)}\n`);
    return 0;
  }
  context.print(`${flattenLine(verdict.title)}\n`);
  if (verdict.reasons.length > 0)
    context.print(`\nThe pull request as a whole\n${renderReasons(verdict.reasons, context)}`);
  for (const { route, checklist } of routes) context.print(renderRoute(route, checklist, context));
  if (verdict.routes.length === 0 && flagKey === null) {
    const known = [
      ...new Set(listRouteFiles(assessment.policy, branch.judged.facts.head).map(({ record }) => record.flagKey)),
    ];
    if (known.length > 0)
      context.print(`\nRoutes that can be named: ${flattenLine(known.sort().slice(0, 10).join(", "))}\n`);
  }
  context.print(renderNotes("Assumed", branch.notes));
  return 0;
}

/** A route that the branch leaves alone is judged as if its file were new; otherwise there would be nothing to explain. */
async function judgeNamed(
  git: LocalGit,
  flagKey: string | null,
  options: Options,
  context: CliContext,
): Promise<JudgedBranch> {
  const branch = await judgeBranch(git, options, context);
  const { assessment, facts } = branch.judged;
  const concerned = assessment.routes.map((route) => route.state.file.record.flagKey);
  if (flagKey === null || concerned.includes(flagKey)) return branch;
  const files = listRouteFiles(assessment.policy, facts.head);
  const named = files.filter(({ record }) => record.flagKey === flagKey);
  if (named.length === 0) {
    const known = [...new Set(files.map(({ record }) => record.flagKey))].sort();
    const near = suggestWord(flagKey, known);
    const hint =
      near === null ? (known.length === 0 ? "there is none" : known.slice(0, 10).join(", ")) : `did you mean ${near}?`;
    throw new UsageError(`no route file that can be read has the flagKey ${flagKey}: ${hint}`);
  }
  const again = await judgeBranch(
    git,
    options,
    { ...context, now: () => new Date(facts.at) },
    {
      edit: (change) =>
        Promise.resolve({
          ...change,
          changes: [
            ...change.changes,
            ...named.map(({ path }) => ({ path, previousPath: null, status: "modified" as const })),
          ],
        }),
    },
  );
  return { ...again, notes: [`the branch does not change ${flagKey}: it is explained as it stands`, ...again.notes] };
}

function isOf(assessed: RouteAssessment, route: RouteVerdict): boolean {
  const { record, path } = assessed.state.file;
  return record.flagKey === route.flagKey && record.environment === route.environment && path === route.path;
}

const signs: Readonly<Record<Reason["state"], { sign: string; colour: number }>> = {
  ok: { sign: "✓", colour: 32 },
  info: { sign: "·", colour: 90 },
  waiting: { sign: "…", colour: 33 },
  blocked: { sign: "✗", colour: 31 },
  invalid: { sign: "✗", colour: 31 },
};

const stateOfMark: Readonly<Record<Mark, Reason["state"]>> = {
  ok: "ok",
  waiting: "waiting",
  bad: "blocked",
  note: "info",
};

function paintSign(state: Reason["state"], { colour }: CliContext): string {
  const { sign, colour: code } = signs[state];
  return colour ? `\u001B[${code}m${sign}\u001B[0m` : sign;
}

function renderReasons(reasons: readonly Reason[], context: CliContext, depth = 1): string {
  return reasons
    .map((reason) => {
      const place =
        reason.place === null || reason.place.path === "" ? "" : ` (${reason.place.path}:${reason.place.line})`;
      const line = `${"  ".repeat(depth)}${paintSign(reason.state, context)} ${flattenLine(reason.text)}${flattenLine(place)}\n`;
      return line + renderReasons(reason.children, context, depth + 1);
    })
    .join("");
}

function renderRoute(route: RouteVerdict, checklist: readonly ChecklistLine[], context: CliContext): string {
  const head = `\n${flattenLine(route.flagKey)} in ${flattenLine(route.environment)}: ${route.state}, ${route.classification.tier} risk\n`;
  const lines = checklist.map(
    ({ mark, asks, text }) => `  ${paintSign(stateOfMark[mark], context)} ${asks}\n      ${flattenLine(text)}\n`,
  );
  return `${head}${renderReasons(route.reasons, context)}\nBefore production exposure\n${lines.join("")}`;
}
