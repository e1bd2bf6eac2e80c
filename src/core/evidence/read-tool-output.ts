import type { JsonValue } from "../json.ts";
import { assertNever } from "../problem.ts";
import { readInToto } from "./read-in-toto.ts";
import { readInspectLog } from "./read-inspect-log.ts";
import { readJunit } from "./read-junit.ts";
import { readOpenaiEval } from "./read-openai-eval.ts";
import { readPromptfoo } from "./read-promptfoo.ts";
import { readSagemakerPackage } from "./read-sagemaker-package.ts";
import type { ToolFormat } from "./record-schema.ts";
import type { ToolResult, ToolSelection } from "./tool-reading.ts";

/** Characters of one output. Larger ones belong into an artifact; the record then carries their numbers. */
export const longestOutput = 4 * 1024 * 1024;

/** Deepest nesting of an output: what the tools write is far below, and some readers walk by recursion. */
const deepest = 100;

/** Reads a tool's output as it is. Never throws. */
export function readToolOutput(format: ToolFormat, text: string, select: ToolSelection): ToolResult {
  if (format === "junit") return readJunit(text);
  const parsed = parseToolJson(text);
  if (!parsed.ok) return parsed;
  switch (format) {
    case "promptfoo":
      return readPromptfoo(parsed.value, select);
    case "openai-eval":
      return readOpenaiEval(parsed.value, select);
    case "inspect":
      return readInspectLog(parsed.value, select);
    case "sagemaker":
      return readSagemakerPackage(parsed.value);
    case "in-toto":
      return readInToto(parsed.value, select);
    default:
      return assertNever(format);
  }
}

/** Parses the JSON of a tool's output within the bounds that the readers rely on. Never throws. */
export function parseToolJson(text: string): { ok: true; value: JsonValue } | { ok: false; why: string } {
  if (text.length > longestOutput) return { ok: false, why: `longer than ${longestOutput} characters` };
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (countDepth(source) > deepest) return { ok: false, why: `nested deeper than ${deepest}` };
  let isWhole = true;
  try {
    // Answers of models are sometimes cut inside a character; in keys, which tools choose, that is a broken file.
    const value: JsonValue = JSON.parse(source, (key, inner: unknown) => {
      isWhole &&= key.isWellFormed();
      return typeof inner === "string" && !inner.isWellFormed() ? inner.toWellFormed() : inner;
    });
    return isWhole ? { ok: true, value } : { ok: false, why: "a key holds half a character" };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, why: "not valid JSON" };
    throw error;
  }
}

/** The deepest nesting of brackets outside of texts. */
function countDepth(text: string): number {
  let depth = 0;
  let most = 0;
  let isText = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isText) {
      if (character === "\\") index++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === "{" || character === "[") most = Math.max(most, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return most;
}
