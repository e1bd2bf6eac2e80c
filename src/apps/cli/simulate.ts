import { isAlias, isCollection, isMap, isSeq, parseDocument } from "yaml";
import type { Measurement } from "../../core/facts.ts";
import { concludeFrom } from "../../core/report/render-check.ts";
import { flattenLine } from "../../core/report/flatten-line.ts";
import { renderTerminal } from "../../core/report/render-terminal.ts";
import { stages, type Stage } from "../../core/scales.ts";
import { parseDuration } from "../../core/time/parse-duration.ts";
import { suggestWord } from "../../core/yaml/suggest-word.ts";
import { listRouteFiles } from "../../flows/plan-reading.ts";
import type { LocalGit } from "../../adapters/git-local/open-local-git.ts";
import { UsageError, type CliCommand, type CliContext } from "./cli-command.ts";
import { compareVerdicts, renderDifferences } from "./local/compare-verdicts.ts";
import { branchOptions, branchUsage, judgeBranch, readTime } from "./local/judge-branch.ts";
import type { Judged, Supposition } from "./local/judge-change.ts";
import { renderNotes } from "./local/print-judged.ts";
import type { LocalChange } from "./local/read-local-change.ts";
import { withLocalGit } from "./local/with-local-git.ts";
import { parseOptions, type Options } from "./parse-options.ts";

/** `routeward simulate`: what would the verdict be if. Nothing is written. */
export const simulateCommand: CliCommand = {
  usage: `Usage: routeward simulate [options]

Judges the branch as \`check\` does, and once more with what the options suppose; prints what would differ. No file changes.

What is supposed
  --set FIELD=VALUE       a field below model_change, VALUE in YAML: --set candidate.timeoutMs=9000; may be repeated
  --unset FIELD           remove a field; may be repeated
  --route FLAGKEY         the route whose fields are set, where there are several
  --approve @USER:ROLE    an approval; may be repeated
  --live STAGE            the candidate is live in this stage, in its last step
  --soaked DURATION       it has soaked so long without interruption, for example 48h
  --rehearsed             Routeward has rehearsed the way back for the candidate
  --reading NAME=CANDIDATE[/BASELINE][@SAMPLES]
                          a guardrail's readings: --reading "p95 latency=2.1/2.0@5000"; may be repeated

As for check
${branchUsage}
  --card                  print the whole supposed card
  --json                  print both verdicts and the differences as JSON
  -h, --help              show this text

Exit code: 0 it would be approved, 1 it would not, 2 it could not be judged
`,
  async run(args, context) {
    const specs = {
      ...branchOptions,
      set: { type: "string", multiple: true },
      unset: { type: "string", multiple: true },
      route: { type: "string" },
      live: { type: "string" },
      soaked: { type: "string" },
      rehearsed: { type: "boolean" },
      reading: { type: "string", multiple: true },
      card: { type: "boolean" },
      json: { type: "boolean" },
    } as const;
    const options = parseOptions(args, specs, 0);
    return withLocalGit(context, (git) => simulate(git, options, context));
  },
};

async function simulate(git: LocalGit, options: Options, context: CliContext): Promise<number> {
  const supposition = readSupposition(options, readTime(options, context));
  const edits = readEdits(options);
  const plain: Options = { ...options, texts: (name) => (name === "approve" ? [] : options.texts(name)) };
  const now = await judgeBranch(git, plain, context);
  const at = new Date(now.judged.facts.at);
  const edit = (change: LocalChange): Promise<LocalChange> =>
    editRoute(git, change, now.judged, edits, options.text("route"));
  const then = await judgeBranch(
    git,
    options,
    { ...context, now: () => at },
    { supposition, ...(edits.length === 0 ? {} : { edit }) },
  );
  const differences = compareVerdicts(now.judged.verdict, then.judged.verdict);
  const { verdict } = then.judged;
  const conclusion = concludeFrom(verdict.state, verdict.mode);
  if (options.has("json")) {
    const value = {
      version: 1,
      conclusion,
      assumed: then.notes,
      now: now.judged.verdict,
      supposed: verdict,
      differences,
    };
    context.print(`${JSON.stringify(value, null, 2)}\n`);
    return conclusion === "success" ? 0 : 1;
  }
  context.print(`now       ${flattenLine(now.judged.verdict.title)}\n`);
  context.print(`supposed  ${flattenLine(verdict.title)}\n`);
  context.print(renderDifferences(differences));
  if (options.has("card")) context.print(`\n${renderTerminal(verdict, { colour: context.colour })}`);
  else context.print(renderNotes("Next, if it were so", verdict.next));
  context.print(renderNotes("Assumed", then.notes));
  return conclusion === "success" ? 0 : 1;
}

interface Edit {
  path: readonly (string | number)[];
  /** Undefined removes the field. */
  value: unknown;
}

function readEdits(options: Options): readonly Edit[] {
  const sets = options.texts("set").map((text): Edit => {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`--set ${text} is not FIELD=VALUE`);
    return { path: readField(text.slice(0, at)), value: readYamlValue(text.slice(at + 1)) };
  });
  const unsets = options.texts("unset").map((field): Edit => ({ path: readField(field), value: undefined }));
  return [...sets, ...unsets];
}

function readField(text: string): readonly (string | number)[] {
  const words = text.replace(/^model_change\./, "").split(".");
  if (words.some((word) => word === ""))
    throw new UsageError(`${text} is not a dotted path such as candidate.timeoutMs`);
  return words.map((word) => (/^\d{1,4}$/.test(word) ? Number(word) : word));
}

function readYamlValue(text: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new UsageError(`${text} is not a YAML value`);
  try {
    const value: unknown = document.toJS();
    return value;
  } catch (cause) {
    // An alias whose anchor stands elsewhere parses, and only then turns out to mean nothing.
    throw new UsageError(`${text} is not a YAML value`, { cause });
  }
}

/** Applies edits to the text of one route file of what would be merged; the result is judged like any other text. */
async function editRoute(
  git: LocalGit,
  change: LocalChange,
  judged: Judged,
  edits: readonly Edit[],
  flagKey: string | null,
): Promise<LocalChange> {
  const path = chooseRoute(judged, flagKey);
  const content = judged.facts.head.contents[path];
  if (content?.kind !== "text") throw new UsageError(`${path} cannot be read`);
  const document = parseDocument(content.text);
  if (!isMap(document.get("model_change"))) throw new UsageError("the route file has no model_change record to edit");
  for (const { path: field, value } of edits) {
    const full = ["model_change", ...field];
    if (value === undefined) {
      if (document.hasIn(full)) document.deleteIn(full);
    } else {
      makeRoom(document, full);
      document.setIn(full, document.createNode(value));
    }
  }
  const head = await git.writeFiles(change.head, new Map([[path, document.toString()]]));
  const isChanged = change.changes.some((each) => each.path === path);
  const edited = { path, previousPath: null, status: "modified" as const };
  return { ...change, head, changes: isChanged ? change.changes : [...change.changes, edited] };
}

/**
 * What `setIn` would throw at: a scalar or nothing where a map is needed becomes one, since the field that is set says that a map is wanted;
 * a name where a list wants a position, and a field of what an alias stands for, are mistakes.
 */
function makeRoom(document: ReturnType<typeof parseDocument>, field: readonly (string | number)[]): void {
  for (let length = 1; length < field.length; length += 1) {
    const place = field.slice(0, length);
    const name = place.slice(1).join(".");
    const node: unknown = document.getIn(place, true);
    if (isAlias(node)) throw new UsageError(`${name} is an alias: set the field where its anchor stands`);
    if (isSeq(node) && typeof field[length] !== "number") {
      throw new UsageError(`${name} is a list: name a position, such as ${name}.0`);
    }
    if (node !== undefined && !isCollection(node)) document.setIn(place, document.createNode({}));
  }
}

function chooseRoute({ assessment, facts }: Judged, flagKey: string | null): string {
  const files = listRouteFiles(assessment.policy, facts.head);
  const changed = assessment.routes.map((route) => route.state.file.path);
  const among =
    flagKey === null
      ? changed.length === 0
        ? files
        : files.filter(({ path }) => changed.includes(path))
      : files.filter(({ record }) => record.flagKey === flagKey);
  const [only, other] = among;
  if (only === undefined) {
    const near =
      flagKey === null
        ? null
        : suggestWord(
            flagKey,
            files.map(({ record }) => record.flagKey),
          );
    throw new UsageError(`there is no such route file to edit${near === null ? "" : `; did you mean ${near}?`}`);
  }
  if (other !== undefined) {
    const known = among.map(({ record }) => record.flagKey).slice(0, 10);
    throw new UsageError(`name the route to edit by --route: ${known.join(", ")}`);
  }
  return only.path;
}

function readSupposition(options: Options, at: Date): Supposition {
  const soaked = options.text("soaked");
  const soakedMs = soaked === null ? null : parseDuration(soaked);
  if (soaked !== null && soakedMs === null) throw new UsageError(`--soaked ${soaked} is not a duration such as 48h`);
  return {
    live: readStage(options.text("live")),
    soakedMs,
    isRehearsed: options.has("rehearsed"),
    readings: options.texts("reading").flatMap((text) => readReading(text, at)),
  };
}

function readStage(text: string | null): Stage | null {
  if (text === null) return null;
  const stage = stages.find((each) => each === text);
  if (stage === undefined) throw new UsageError(`--live ${text} is not one of ${stages.join(", ")}`);
  return stage;
}

const readingPattern = /^(.{1,200})=(-?\d{1,15}(?:\.\d{1,15})?)(?:\/(-?\d{1,15}(?:\.\d{1,15})?))?(?:@(\d{1,12}))?$/;

function readReading(text: string, at: Date): readonly Measurement[] {
  const [, guardrail, candidate, baseline, samples] = readingPattern.exec(text) ?? [];
  if (guardrail === undefined || candidate === undefined) {
    throw new UsageError(`--reading ${text} is not NAME=CANDIDATE[/BASELINE][@SAMPLES]`);
  }
  const read = (variation: Measurement["variation"], value: string): Measurement => ({
    guardrail,
    variation,
    at: at.toISOString(),
    outcome: { kind: "value", value: Number(value), samples: samples === undefined ? null : Number(samples) },
  });
  return [read("candidate", candidate), ...(baseline === undefined ? [] : [read("baseline", baseline)])];
}
