import { builtInPolicy } from "../../core/policy/built-in-policy.ts";
import { isRoutePath } from "../../core/policy/is-route-path.ts";
import { parsePolicy, policyPath } from "../../core/policy/parse-policy.ts";
import { matchOwners } from "../../core/reviewers/match-owners.ts";
import { isOwnerName, parseCodeowners, type ParsedCodeowners } from "../../core/reviewers/parse-codeowners.ts";
import type { LocalGit } from "../../adapters/git-local/open-local-git.ts";
import { flattenLine } from "../../core/report/flatten-line.ts";
import { UsageError, type CliCommand } from "./cli-command.ts";
import { readWorkingFiles, type WorkingFiles } from "./local/working-files.ts";
import { withLocalGit } from "./local/with-local-git.ts";
import { parseOptions, type Options } from "./parse-options.ts";
import { findModels, searchLimits, type FoundModel } from "./start/find-models.ts";
import { placeholderModel, renderOwnerLines, renderPolicy, renderRouteFile, startRoles } from "./start/render-start.ts";
import { writeInside, type PlannedWrite } from "./start/write-inside.ts";

/** `routeward init`: a start that `check` can judge at once, made from what the repository holds. Asks nothing. */
export const initCommand: CliCommand = {
  usage: `Usage: routeward init [options]

Makes a working start from what the repository holds: a route file for the model that its files name most, the policy
.github/routeward.yml, and CODEOWNERS lines for the roles that have none. What exists is kept.

Options
  --flag-key KEY    FeatBit flag of the route (default: from the repository's name)
  --owner @OWNER    who owns the route and fills the roles at first (default: from CODEOWNERS, else from origin)
  --dry-run         print what would be written and write nothing
  --force           write the route file and the policy anew where they exist; CODEOWNERS lines are only ever added
  -h, --help        show this text

Exit code: 0 done, 2 it could not be done
`,
  async run(args, context) {
    const specs = {
      "flag-key": { type: "string" },
      owner: { type: "string" },
      "dry-run": { type: "boolean" },
      force: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    const options = parseOptions(args, specs, 0);
    return withLocalGit(context, async (git) => {
      const start = await planStart(git, options);
      for (const write of start.writes) {
        if (write.kind !== "keep" && !options.has("dry-run")) await writeInside(git.root, write);
        context.print(renderWrite(write, options.has("dry-run")));
      }
      context.print(renderNext(start));
      return 0;
    });
  },
};

interface Start {
  writes: readonly PlannedWrite[];
  models: readonly FoundModel[];
  routePath: string | null;
  owners: readonly string[];
  isOwnerKnown: boolean;
}

async function planStart(git: LocalGit, options: Options): Promise<Start> {
  const files = await readWorkingFiles(git);
  const source = await files.readCodeowners();
  const codeowners = parseCodeowners(source);
  const { flagKey, folder } = await nameRoute(git, options);
  const routePath = `model-routes/${folder}.yaml`;
  const { owners, isKnown } = await chooseOwners(git, codeowners, routePath, options);
  const policy = parsePolicy(await files.readPolicy(), { kind: "absent" });
  const rules = policy.ok ? policy.value : builtInPolicy;
  const existing = files.entries.map(({ path }) => path).filter((path) => isRoutePath(rules, path));
  const models = findModels(await readTexts(files));
  const route = renderRouteFile({ flagKey, workflow: folder, owner: owners[0] ?? "", model: models[0] ?? null });
  return {
    models,
    routePath: existing.length === 0 || (options.has("force") && existing.includes(routePath)) ? routePath : null,
    owners,
    isOwnerKnown: isKnown,
    writes: [
      planRoute(routePath, route, existing, options),
      planFile(policyPath, renderPolicy(), files, options),
      planOwners(codeowners, source.kind === "text" ? source.text : null, owners, routePath),
    ],
  };
}

async function nameRoute(git: LocalGit, options: Options): Promise<{ flagKey: string; folder: string }> {
  const remote = await git.readRemote();
  const name = remote?.name ?? git.root.split(/[/\\]/).at(-1) ?? "";
  const folder =
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 60) || "main";
  const asked = options.text("flag-key");
  if (asked !== null && !/^[A-Za-z0-9._-]{1,128}$/.test(asked)) {
    throw new UsageError(`--flag-key ${asked} is not a FeatBit flag key: letters, digits, ., _ and -`);
  }
  if (asked?.toLowerCase().endsWith("__rehearsal") === true) {
    throw new UsageError(`--flag-key ${asked} is not for routes: keys that end in __rehearsal are Routeward's own`);
  }
  return { flagKey: asked ?? `${folder.replaceAll("-", "_")}_model_route`, folder };
}

async function chooseOwners(
  git: LocalGit,
  codeowners: ParsedCodeowners,
  path: string,
  options: Options,
): Promise<{ owners: readonly string[]; isKnown: boolean }> {
  const asked = options.text("owner");
  if (asked !== null) {
    if (!isOwnerName(asked.toLowerCase())) throw new UsageError(`--owner ${asked} is not @user or @organisation/team`);
    return { owners: [asked], isKnown: true };
  }
  const match = matchOwners(codeowners, path);
  if (match.kind === "owned") return { owners: match.owners, isKnown: true };
  const remote = await git.readRemote();
  const guess = `@${remote?.owner ?? "your-login"}`;
  return { owners: [isOwnerName(guess.toLowerCase()) ? guess : "@your-login"], isKnown: false };
}

/** Small text files, sources and configuration first by name order; vendored and generated ones are no witness of what runs. */
async function readTexts(files: WorkingFiles): Promise<Parameters<typeof findModels>[0]> {
  const skipped =
    /(?:^|\/)(?:node_modules|vendor|third_party|dist|build|\.git)\/|(?:^|\/)(?:package-lock\.json|.*\.lock|.*\.min\.js|.*\.map)$/;
  let bytes = 0;
  const paths: string[] = [];
  for (const { path, mode, size } of files.entries) {
    if (paths.length === searchLimits.files || bytes + size > searchLimits.bytes) break;
    if (skipped.test(path) || size > 256 * 1024 || (mode !== "file" && mode !== "executable")) continue;
    bytes += size;
    paths.push(path);
  }
  await files.read(paths);
  const { contents } = files.snapshot();
  return paths.flatMap((path) => {
    const content = contents[path];
    return content === undefined ? [] : [{ path, content }];
  });
}

function planRoute(path: string, text: string, existing: readonly string[], options: Options): PlannedWrite {
  const [first] = existing;
  if (first === undefined) return { kind: "create", path, text };
  if (existing.includes(path) && options.has("force")) return { kind: "replace", path, text };
  const isOurs = existing.includes(path);
  const why = isOurs ? "it exists; --force writes it anew" : "the repository has route files already";
  return { kind: "keep", path: isOurs ? path : first, why };
}

function planFile(path: string, text: string, files: WorkingFiles, options: Options): PlannedWrite {
  if (!files.entries.some((entry) => entry.path === path)) return { kind: "create", path, text };
  if (options.has("force")) return { kind: "replace", path, text };
  return { kind: "keep", path, why: "it exists; --force writes it anew" };
}

function planOwners(
  codeowners: ParsedCodeowners,
  text: string | null,
  owners: readonly string[],
  routePath: string,
): PlannedWrite {
  const { kind, path } = codeowners;
  if (kind === "unreadable" || kind === "too-large") return { kind: "keep", path, why: "it cannot be read" };
  const roles = startRoles
    .map(([role]) => role)
    .filter((role) => !codeowners.lines.some((line) => line.pattern.startsWith(`/.github/roles/${role}/`)));
  const isOwned = matchOwners(codeowners, routePath).kind === "owned";
  const lines = renderOwnerLines(roles, owners, isOwned ? null : "model-routes");
  if (lines.length === 0) return { kind: "keep", path, why: "it names owners for every role already" };
  if (text === null) return { kind: "create", path, text: `${lines.join("\n")}\n` };
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text === "" || text.endsWith("\n") ? end : `${end}${end}`;
  return { kind: "append", path, text: `${gap}${lines.join(end)}${end}`, lines: lines.length };
}

function renderWrite(write: PlannedWrite, isDry: boolean): string {
  const path = flattenLine(write.path);
  if (write.kind === "keep") return `kept      ${path}: ${write.why}\n`;
  const content = isDry
    ? `${write.text
        .split(/\r?\n/)
        .map((line) => `    ${line}`.trimEnd())
        .join("\n")}\n`
    : "";
  const verbs = isDry
    ? { create: "would create", replace: "would replace", append: "would append to" }
    : { create: "created  ", replace: "replaced ", append: "appended " };
  const count = write.kind === "append" ? ` (${write.lines} lines)` : "";
  return `${verbs[write.kind]} ${path}${count}\n${content}`;
}

function renderNext({ models, routePath, owners, isOwnerKnown }: Start): string {
  const [model, ...others] = models;
  const about =
    routePath === null
      ? []
      : model === undefined
        ? [
            `No known model id was found: write the model that runs today instead of ${placeholderModel} in ${routePath}.`,
          ]
        : [
            `The baseline is ${model.id}, named at ${flattenLine(model.path)}:${model.line}${
              others.length === 0
                ? ""
                : `; also found: ${others
                    .slice(0, 5)
                    .map(({ id }) => id)
                    .join(", ")}`
            }. Complete it in ${routePath}.`,
          ];
  const steps = [
    ...about,
    `Give the roles in CODEOWNERS to those who answer for them${isOwnerKnown ? "" : ` (they stand on ${owners.join(" ")}, which is a guess)`}; one person fills no two sides at high risk.`,
    "See how it would be judged: routeward check --own-rules",
    "Commit the files, and let the policy go to the default branch first: only there it is in force.",
    "Then describe a candidate, set approval.status, and run routeward check again.",
  ];
  return `\nNext\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join("")}`;
}
