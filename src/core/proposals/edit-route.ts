import { isMap, isScalar, isSeq, type Pair, parseDocument, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import { renderCanonical } from "../audit/canonical-text.ts";
import type { Parsed, Problem } from "../problem.ts";
import { parseRouteFile } from "../routes/parse-route-file.ts";
import { root } from "../routes/route-root.ts";
import type { RouteRecord } from "../routes/route-file.ts";
import type { ApprovalStatus } from "../vocabulary.ts";

/** What a proposal does to a route file. */
export type RouteEdit =
  /** Another status, and ids of evidence records that are to be named beside those that are named already. */
  | { kind: "status"; status: ApprovalStatus; evidence: readonly string[] }
  /** The candidate becomes the baseline and the flag is retired (SPEC 12). */
  | { kind: "cleanup" };

/** Characters from `from` to `to` give way to `text`. */
interface Splice {
  from: number;
  to: number;
  text: string;
}

/** What may stand unquoted in YAML and is a valid id of an evidence record (SPEC 8). */
const plainId = /^[A-Za-z][A-Za-z0-9._-]{0,127}$/;
const otherwiseRead = /^(?:null|true|false|y|n|yes|no|on|off|\.inf|\.nan)$/i;

/** Whether an id can be written into a route file without quotes. */
export function isEvidenceId(id: string): boolean {
  return plainId.test(id) && !otherwiseRead.test(id);
}

/**
 * Edits the text of a route file and nothing around it: comments, order and layout stay as they are. The result is read again and
 * compared field by field with what was meant; a text that cannot be edited without touching anything else is refused with what to do by
 * hand.
 */
export function editRoute(path: string, text: string, edit: RouteEdit): Parsed<string> {
  const before = parseRouteFile(path, { kind: "text", text });
  if (!before.ok) return before;
  const { record } = before.value;
  if (edit.kind === "cleanup" && record.candidate === null)
    return refuse(path, "no-candidate", "The file has no candidate that could become the baseline.");
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const source = text.slice(mark.length);
  const splices = planSplices(source, edit);
  if (splices === null)
    return refuse(path, "cannot-edit", "The file is written in a form that cannot be edited without touching more.");
  const edited = mark + applySplices(source, splices);
  const after = parseRouteFile(path, { kind: "text", text: edited });
  if (!after.ok) return refuse(path, "cannot-edit", "The edited file would not be a right route file.");
  if (renderCanonical(wantRecord(record, edit)) !== renderCanonical(after.value.record))
    return refuse(path, "cannot-edit", "The edit would change more of the file than it means to.");
  return { ok: true, value: edited, problems: [] };
}

/** The record as it must read after the edit. */
function wantRecord(record: RouteRecord, edit: RouteEdit): RouteRecord {
  const { approval } = record;
  if (edit.kind === "cleanup") {
    const baseline = record.candidate ?? record.baseline;
    return { ...record, baseline, candidate: null, approval: { ...approval, status: "retired" } };
  }
  const evidence = [...approval.evidence, ...listNewIds(approval, edit).map((id) => ({ kind: "id" as const, id }))];
  return { ...record, approval: { ...approval, status: edit.status, evidence } };
}

function listNewIds(
  approval: Pick<RouteRecord["approval"], "evidence">,
  edit: Extract<RouteEdit, { kind: "status" }>,
): readonly string[] {
  const known = new Set(approval.evidence.flatMap((each) => (each.kind === "id" ? [each.id] : [])));
  return [...new Set(edit.evidence)].filter((id) => !known.has(id));
}

function planSplices(source: string, edit: RouteEdit): readonly Splice[] | null {
  const document = parseDocument(source, { schema: "core", stringKeys: true, logLevel: "silent" });
  const record = document.get(root, true);
  if (!isMap(record)) return null;
  const approval = findPair(record, "approval")?.value;
  const status = isMap(approval) ? findPair(approval, "status") : undefined;
  if (!isMap(approval) || status === undefined || !isScalar(status.value)) return null;
  const word = edit.kind === "status" ? edit.status : "retired";
  const setStatus = replaceScalar(status.value, word);
  if (setStatus === null) return null;
  if (edit.kind === "cleanup") {
    const promote = promoteCandidate(source, record);
    return promote === null ? null : [setStatus, ...promote];
  }
  const named = findPair(approval, "evidence");
  const list = isSeq(named?.value) ? named.value : null;
  if (named !== undefined && list === null) return null;
  const known = new Set((list?.items ?? []).flatMap((item) => (isScalar(item) ? [String(item.value)] : [])));
  const ids = [...new Set(edit.evidence)].filter((id) => !known.has(id));
  if (ids.some((id) => !isEvidenceId(id))) return null;
  if (ids.length === 0) return [setStatus];
  const add = list === null ? addEvidence(source, approval, status, ids) : extendEvidence(source, list, ids);
  return add === null ? null : [setStatus, add];
}

function findPair(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === name);
}

function replaceScalar(scalar: Scalar, word: string): Splice | null {
  const { range } = scalar;
  return range === undefined || range === null ? null : { from: range[0], to: range[1], text: word };
}

/** Removes `baseline` and gives `candidate` its name; everything that stands in the candidate stays as it is written. */
function promoteCandidate(source: string, record: YAMLMap): readonly Splice[] | null {
  if (record.flow === true) return null;
  const baseline = findPair(record, "baseline");
  const candidate = findPair(record, "candidate");
  if (baseline === undefined || candidate === undefined) return null;
  const [from, to] = [startOf(baseline.key), endOf(baseline.value)];
  if (from === null || to === null || !isScalar(candidate.key)) return null;
  const rename = replaceScalar(candidate.key, "baseline");
  if (rename === null) return null;
  const begin = source.lastIndexOf("\n", from - 1) + 1;
  // Something else on the key's line is not ours to remove.
  if (source.slice(begin, from).trim() !== "") return null;
  return [{ from: begin, to: endOfLine(source, to), text: "" }, rename];
}

/** Behind the end of the line in which a value ends. */
function endOfLine(source: string, end: number): number {
  if (source[end - 1] === "\n") return end;
  const next = source.indexOf("\n", end);
  return next < 0 ? source.length : next + 1;
}

/** One or more ids at the end of the list that is there. */
function extendEvidence(source: string, list: YAMLSeq, ids: readonly string[]): Splice | null {
  const last = list.items.at(-1);
  if (list.flow === true) {
    const end = endOf(list);
    if (end === null) return null;
    const at = endOf(last) ?? end - 1;
    return { from: at, to: at, text: (last === undefined ? "" : ", ") + ids.join(", ") };
  }
  const [start, end] = [startOf(last), endOf(last)];
  if (start === null || end === null) return null;
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  const dash = source.slice(lineStart, start);
  // `- ` alone stands before the item: its indentation is the list's.
  if (!/^ *- *$/.test(dash)) return null;
  const at = endOfLine(source, end);
  const gap = source[at - 1] === "\n" ? "" : "\n";
  return { from: at, to: at, text: gap + ids.map((id) => `${dash}${id}\n`).join("") };
}

/** A list of its own behind the status, where the file names no evidence. */
function addEvidence(source: string, approval: YAMLMap, status: Pair, ids: readonly string[]): Splice | null {
  const [start, end] = [startOf(status.key), endOf(status.value)];
  if (start === null || end === null) return null;
  const text = `evidence: [${ids.join(", ")}]`;
  if (approval.flow === true) return { from: end, to: end, text: `, ${text}` };
  const indent = source.slice(source.lastIndexOf("\n", start - 1) + 1, start);
  if (indent.trim() !== "") return null;
  const at = endOfLine(source, end);
  const gap = source[at - 1] === "\n" ? "" : "\n";
  return { from: at, to: at, text: `${gap}${indent}${text}\n` };
}

function startOf(node: unknown): number | null {
  return readRange(node)?.[0] ?? null;
}

function endOf(node: unknown): number | null {
  return readRange(node)?.[1] ?? null;
}

function readRange(node: unknown): readonly [number, number, number] | null {
  if (isScalar(node) || isMap(node) || isSeq(node)) return node.range ?? null;
  return null;
}

function applySplices(source: string, splices: readonly Splice[]): string {
  let text = source;
  for (const { from, to, text: by } of [...splices].sort((a, b) => b.from - a.from))
    text = text.slice(0, from) + by + text.slice(to);
  return text;
}

function refuse(path: string, code: string, message: string): Parsed<never> {
  const problem: Problem = {
    path,
    line: 1,
    column: 1,
    code,
    severity: "error",
    message,
    expected: "block style, without anchors that the edit would move",
    found: "another form",
    fix: "Edit the file by hand and open a pull request.",
  };
  return { ok: false, problems: [problem] };
}
