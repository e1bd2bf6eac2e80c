import type { FileContent } from "../facts.ts";
import { isJsonObject, type JsonValue } from "../json.ts";
import type { Parsed, Place, Problem } from "../problem.ts";
import { describeText } from "../yaml/describe-value.ts";
import { explainSchemaIssues, problemAt } from "../yaml/explain-schema-issues.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { placeInDocument, type YamlDocument } from "../yaml/yaml-document.ts";
import type { EvidenceRecord } from "./evidence.ts";
import { momentOf } from "./read-field.ts";
import { readToolOutput } from "./read-tool-output.ts";
import { checkRunFormat, evidenceSchema, type EvidenceInput, type ToolFormat } from "./record-schema.ts";
import type { ToolReading } from "./tool-reading.ts";

/** A file of the evidence folder, as the gatherer read it. */
export interface EvidenceFile {
  path: string;
  content: FileContent;
}

const extensions = ["yaml", "yml", "json", "xml"] as const;

/** Paths at which the record of an id may stand (SPEC 8). */
export function listEvidencePaths(folder: string, id: string): readonly string[] {
  return extensions.map((extension) => `${folder}/${id}.${extension}`);
}

/** Path of the tool's output that a wrapper names: in the evidence folder, with or without the folder's name before it. */
export function outputPathOf(folder: string, file: string): string {
  return file.startsWith(`${folder}/`) ? file : `${folder}/${file}`;
}

/**
 * Reads the record that an id names, and the tool's output behind it when it is a wrapper. What a record claims about passing is ignored;
 * what makes a run unfit whatever its score is in `defects`. Never throws.
 * @param files of the evidence folder, at least those that the id and its wrapper name
 * @param context `place` is where the id is named; problems of a missing record stand there
 */
export function readEvidence(
  id: string,
  files: readonly EvidenceFile[],
  context: { folder: string; place: Place },
): Parsed<EvidenceRecord> {
  const found = findFiles(files, listEvidencePaths(context.folder, id));
  const [file, other] = found;
  if (file === undefined) return refuse(explainMissing(id, context));
  if (other !== undefined) return refuse(explainTwice(id, found, context.place));
  if (file.content.kind !== "text") return refuse(explainUnreadable(file.path, file.content.kind));
  if (file.path.endsWith(".xml")) return refuse(explainBareTool(file.path, "JUnit XML"));
  const parsed = parseYaml(file.path, file.content.text);
  if (!parsed.ok) return parsed.problems.every(isSize) ? refuse(explainBareTool(file.path, "a tool's output")) : parsed;
  const document = parsed.value;
  const tool = recogniseTool(document.value);
  if (tool !== null) return refuse(explainBareTool(file.path, tool));
  return readRecord(document, { id, files, folder: context.folder, own: [file.path] });
}

/** Files by path: a pull request may name a thousand records among a thousand files. A pure function of its list, kept with it. */
const indexes = new WeakMap<readonly EvidenceFile[], ReadonlyMap<string, readonly EvidenceFile[]>>();

/** The files at these paths, in the order of the paths. */
function findFiles(files: readonly EvidenceFile[], paths: readonly string[]): readonly EvidenceFile[] {
  let index = indexes.get(files);
  if (index === undefined) {
    index = Map.groupBy(files, (file) => file.path);
    indexes.set(files, index);
  }
  const known = index;
  return paths.flatMap((path) => known.get(path) ?? []);
}

/**
 * Reads a record that stands in the route file itself.
 * @param place where it stands; its problems stand there too
 */
export function readInlineEvidence(
  record: JsonValue,
  place: Place,
  files: readonly EvidenceFile[],
  folder: string,
): Parsed<EvidenceRecord> {
  const position = [place.line, place.column] as const;
  const document: YamlDocument = {
    path: place.path,
    value: record,
    keys: new Map(),
    values: new Map([["", position]]),
  };
  return readRecord(document, { id: null, files, folder, own: [] });
}

interface ReadContext {
  /** The id that the record must bear; null when it may bear any. */
  id: string | null;
  files: readonly EvidenceFile[];
  folder: string;
  /** Path of the record's own file; empty when it stands in the route file. */
  own: readonly string[];
}

function readRecord(document: YamlDocument, context: ReadContext): Parsed<EvidenceRecord> {
  const result = evidenceSchema.safeParse(document.value);
  if (!result.success) {
    return { ok: false, problems: explainSchemaIssues(document, [], document.value, result.error.issues) };
  }
  const input = result.data;
  if (context.id !== null && input.id !== context.id) {
    return refuse(
      problemAt(document, ["id"], {
        code: "evidence-id",
        message: "The record's id is not the one that its file name says.",
        expected: context.id,
        found: input.id,
        fix: `Write \`id: ${context.id}\`, or rename the file.`,
      }),
    );
  }
  const place = placeInDocument(document, []);
  const { format, file } = input;
  if (format === checkRunFormat || input.check) return readCheck(document, input, { place, own: context.own });
  if (!format && !file) return accept(buildRecord(input, place, nativeReading(input), "native", context.own));
  if (!format || !file) {
    return refuse(
      problemAt(document, [], {
        code: "incomplete-wrapper",
        message: "A wrapper record needs both `format` and `file`.",
        expected: "format: the tool, and file: its output in the evidence folder",
        found: format ? "format alone" : "file alone",
        fix: `Add \`${format ? "file" : "format"}\`.`,
      }),
    );
  }
  return readWrapped(document, input, { format, file, place, context });
}

/**
 * A record whose evidence is a check run. What it says of itself is the bundle and the dataset; whether it passed and when is for GitHub to
 * say, so scores beside it are a contradiction.
 */
function readCheck(
  document: YamlDocument,
  input: EvidenceInput,
  at: { place: Place; own: readonly string[] },
): Parsed<EvidenceRecord> {
  const { check } = input;
  const isWhole = input.format === checkRunFormat && check !== null && check !== undefined && !input.file;
  if (!isWhole) {
    return refuse(
      problemAt(document, [], {
        code: "incomplete-check",
        message: "A record of a check run needs `format: check-run` and `check`, and no `file`.",
        expected: "format: check-run, and check: { app, name }",
        found: ["format", "file", "check"].filter((key) => Object.hasOwn(input, key)).join(", "),
        fix: "Write `format: check-run` and `check` with the app's id and the check run's name.",
      }),
    );
  }
  const claims = [input.result, input.counts, input.threshold].some((one) => one !== null && one !== undefined);
  const reading = nativeReading(input);
  const claimed =
    "contradictory: a check run only succeeds or fails, so `result`, `counts` and `threshold` have no place";
  const defects = [...reading.defects, ...(claims ? [claimed] : [])];
  const own = { ...reading, threshold: null, result: null, counts: null, producedAt: null, defects };
  const record = buildRecord(input, at.place, own, checkRunFormat, at.own);
  return accept({ ...record, check: { appId: check.app, name: check.name, commit: check.commit ?? null } });
}

function readWrapped(
  document: YamlDocument,
  input: EvidenceInput,
  wrapped: { format: ToolFormat; file: string; place: Place; context: ReadContext },
): Parsed<EvidenceRecord> {
  const { format, file, place, context } = wrapped;
  const path = outputPathOf(context.folder, file);
  const [output] = findFiles(context.files, [path]);
  const refuseFile = (message: string, found: string, fix: string): Parsed<EvidenceRecord> =>
    refuse(
      problemAt(document, ["file"], {
        code: "evidence-output",
        message,
        expected: `the output of ${format} at ${describeText(path)}`,
        hidden: found,
        fix,
      }),
    );
  if (output === undefined) {
    return refuseFile(
      "The tool's output does not stand in the evidence folder.",
      "no such file",
      "Commit the output, or correct `file`.",
    );
  }
  if (output.content.kind !== "text") {
    return refuseFile(
      "The tool's output cannot be read.",
      output.content.kind,
      "Commit it as UTF-8 text of a bounded size.",
    );
  }
  const reading = readToolOutput(format, output.content.text, {
    provider: input.select?.provider ?? null,
    scorer: input.select?.scorer ?? null,
    dataset: input.dataset?.name ?? null,
  });
  if (!reading.ok) {
    return refuseFile(
      `The file is not an output of ${format}.`,
      describeText(reading.why),
      "Correct `format`, or commit the tool's own output.",
    );
  }
  return accept(buildRecord(input, place, joinReading(input, reading.value), format, [...context.own, path]));
}

/** The wrapper completes what the tool leaves out and never replaces what the tool says. */
function joinReading(input: EvidenceInput, tool: ToolReading): ToolReading {
  const own = nativeReading(input);
  const digest = tool.dataset?.digest ?? own.dataset?.digest ?? null;
  const toolName = tool.dataset?.name ?? "";
  const name = [toolName, own.dataset?.name, digest].find(Boolean) ?? "";
  const claims = [
    ...(own.bundle !== null && tool.bundle !== null && own.bundle !== tool.bundle
      ? ["contradictory: the wrapper names another bundle than the output"]
      : []),
    ...(own.dataset?.digest && tool.dataset?.digest && isOtherDataset(own.dataset.digest, tool.dataset.digest)
      ? ["contradictory: the wrapper names another dataset digest than the output"]
      : []),
    ...(own.dataset && toolName !== "" && own.dataset.name !== toolName
      ? ["contradictory: the wrapper names another dataset than the output"]
      : []),
    ...(own.result !== null && own.result !== tool.result
      ? ["contradictory: the wrapper claims another result than the output"]
      : []),
  ];
  return {
    bundle: tool.bundle ?? own.bundle,
    dataset: name === "" ? null : { name, digest, size: tool.dataset?.size ?? own.dataset?.size ?? null },
    grader: tool.grader ?? own.grader,
    threshold: own.threshold ?? tool.threshold,
    result: tool.result,
    run: tool.run ?? own.run,
    url: tool.url ?? own.url,
    producedAt: tool.producedAt ?? own.producedAt,
    counts: tool.counts,
    defects: [...tool.defects, ...claims],
  };
}

/** OpenAI names its dataset by the id of a file; a hash of the wrapper's says nothing about that. */
function isOtherDataset(own: string, tool: string): boolean {
  const isId = (digest: string): boolean => digest.startsWith("openai:");
  return own !== tool && (isId(own) || !isId(tool));
}

function nativeReading(input: EvidenceInput): ToolReading {
  const { dataset, counts } = input;
  const sum = counts ? counts.passed + counts.failed + counts.errored : 0;
  return {
    bundle: input.bundle ?? null,
    dataset: dataset ? { name: dataset.name, digest: dataset.digest ?? null, size: dataset.size ?? null } : null,
    grader: input.grader ?? null,
    threshold: input.threshold ?? null,
    result: input.result ?? null,
    run: input.run ?? null,
    url: input.url ?? null,
    producedAt: momentOf(input.producedAt ?? undefined),
    counts: counts ?? null,
    defects: [
      ...(counts && counts.total === 0 ? ["without assertions: no sample was judged"] : []),
      ...(counts && counts.errored > 0 ? [`errored: ${counts.errored} of ${counts.total} samples`] : []),
      ...(counts && sum !== counts.total ? [`partial: ${sum} of ${counts.total} samples were judged`] : []),
      ...(input.producedAt && momentOf(input.producedAt) === null ? ["the time is not in the calendar"] : []),
    ],
  };
}

function buildRecord(
  input: EvidenceInput,
  place: Place,
  reading: ToolReading,
  format: string,
  files: readonly string[],
): EvidenceRecord {
  const isRegistry = format === "sagemaker";
  const isMisused = isRegistry && input.kind !== "registry-approval";
  const defects = isMisused
    ? [...reading.defects, "an approval of the registry is no measurement: its kind is registry-approval"]
    : reading.defects;
  return {
    ...reading,
    id: input.id,
    kind: input.kind,
    producer: input.producer ?? null,
    defects,
    format,
    ...(files.length === 0 ? {} : { files }),
    place,
  };
}

function accept(value: EvidenceRecord): Parsed<EvidenceRecord> {
  return { ok: true, value, problems: [] };
}

/** Marks by which a tool's output is recognised, to say that it needs a wrapper. */
function recogniseTool(value: JsonValue): string | null {
  if (!isJsonObject(value)) return null;
  if ("evalId" in value && "results" in value) return "promptfoo results";
  if (value["object"] === "eval.run") return "an OpenAI eval run";
  if ("ModelPackageArn" in value) return "a SageMaker model package";
  if ("predicateType" in value) return "an in-toto statement";
  return "eval" in value && "plan" in value ? "an Inspect log" : null;
}

function refuse(problem: Problem): Parsed<EvidenceRecord> {
  return { ok: false, problems: [problem] };
}

function isSize(problem: Problem): boolean {
  return problem.code === "too-large" || problem.code === "too-complex";
}

function explainMissing(id: string, { folder, place }: { folder: string; place: Place }): Problem {
  return {
    ...place,
    code: "evidence-missing",
    severity: "error",
    message: `There is no evidence record \`${describeText(id)}\`.`,
    expected: `${folder}/${describeText(id)}.yaml (or .json)`,
    found: "nothing",
    fix: "Commit the record, or take its id out of `approval.evidence`.",
  };
}

function explainTwice(id: string, found: readonly EvidenceFile[], place: Place): Problem {
  return {
    ...place,
    code: "evidence-twice",
    severity: "error",
    message: `Several files bear the evidence id \`${describeText(id)}\`.`,
    expected: "one file for each id",
    found: describeText(found.map((file) => file.path).join(", ")),
    fix: "Delete or rename all but one; the output behind a wrapper needs a name of its own.",
  };
}

function explainUnreadable(path: string, kind: string): Problem {
  return {
    path,
    line: 1,
    column: 1,
    code: "evidence-unreadable",
    severity: "error",
    message: "The evidence record cannot be read.",
    expected: "UTF-8 text of a bounded size",
    found: kind,
    fix: "Commit the record as text.",
  };
}

function explainBareTool(path: string, what: string): Problem {
  return {
    path,
    line: 1,
    column: 1,
    code: "wrapper-missing",
    severity: "error",
    message: `The file holds ${what} without a wrapper record, so nobody says what kind of evidence it is.`,
    expected: "a record with id, kind, format and file",
    found: what,
    fix: "Give this file another name, and add a record `<id>.yaml` with `kind`, `format` and `file`.",
  };
}
