import type { YAMLError } from "yaml";
import type { Problem } from "../problem.ts";
import { describeText } from "./describe-value.ts";

type Fault = Pick<Problem, "code" | "message" | "expected" | "found" | "fix"> & { offset: number };
type Explanation = Pick<Problem, "code" | "message" | "expected" | "fix">;

const broken = "broken-yaml";

/** What each error of the `yaml` library means for somebody who wrote the file. */
const explanations: Partial<Record<YAMLError["code"], Explanation>> = {
  BAD_ALIAS: {
    code: "unknown-alias",
    message: "An alias names an anchor that does not stand before it.",
    expected: "an anchor `&name` above the alias `*name`",
    fix: "Write the value out, or put text that begins with `*` in quotes.",
  },
  BAD_DQ_ESCAPE: {
    code: broken,
    message: "A backslash in double quotes begins an escape that YAML does not know.",
    expected: "an escape such as \\n, or text in single quotes",
    fix: "Use single quotes, or write the backslash twice.",
  },
  BAD_INDENT: {
    code: broken,
    message: "A line is indented differently from what stands around it.",
    expected: "the same indentation for all keys of one map and all items of one list",
    fix: "Align the line with its neighbours.",
  },
  BAD_SCALAR_START: {
    code: broken,
    message: "A value begins with a character that YAML keeps for itself.",
    expected: "text in quotes",
    fix: "Put the value in quotes.",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: broken,
    message: "A second `: ` stands on one line.",
    expected: "one key and one value on a line",
    fix: "Put text that holds `: ` in quotes, or begin a new line.",
  },
  KEY_OVER_1024_CHARS: {
    code: broken,
    message: "A key is longer than 1024 characters.",
    expected: "a short key followed by `: `",
    fix: "Shorten the key; was a `: ` forgotten?",
  },
  MISSING_CHAR: {
    code: broken,
    message: "A closing quote, bracket, comma or colon is missing.",
    expected: "every quote and bracket closed, and `: ` after every key",
    fix: "Add the missing character.",
  },
  MULTILINE_IMPLICIT_KEY: {
    code: broken,
    message: "A key goes over several lines.",
    expected: "`key: value` on one line",
    fix: "Add `: ` after the key, or put the text in quotes.",
  },
  NON_STRING_KEY: {
    code: broken,
    message: "A key is not text.",
    expected: "text as key",
    fix: "Use a plain word as key; put text that begins with `{` or `[` in quotes.",
  },
  TAB_AS_INDENT: {
    code: broken,
    message: "A tab is used as indentation.",
    expected: "spaces",
    fix: "Replace the tab by spaces.",
  },
  TAG_RESOLVE_FAILED: {
    code: "yaml-tag",
    message: "A YAML tag is not accepted here.",
    expected: "a plain value without `!`",
    fix: "Remove the tag; put text that begins with `!` in quotes.",
  },
};

/** The library calls a list or map that is never closed a matter of indentation. */
const unclosed: Explanation = {
  code: broken,
  message: "A `{` or `[` above is not closed.",
  expected: "`}` or `]` before the next key",
  fix: "Close it, or write the map or list over several lines without brackets.",
};

const unexplained: Explanation = {
  code: broken,
  message: "The text is not valid YAML.",
  expected: "valid YAML 1.2",
  fix: "Look at this line and the one before it; put values with special characters in quotes.",
};

/** Translates an error of the `yaml` library, with the line that holds it as what was found. */
export function explainYamlError(error: YAMLError, source: string): Fault {
  const offset = Math.min(Math.max(error.pos[0], 0), source.length);
  const start = source.lastIndexOf("\n", Math.max(offset - 1, 0)) + 1;
  const end = source.indexOf("\n", start);
  const line = source.slice(start, end === -1 ? Math.min(source.length, start + 1000) : end).trim();
  const isFlow = error.code === "BAD_INDENT" && /^Flow (?:map|sequence)/.test(error.message);
  const explanation = isFlow ? unclosed : (explanations[error.code] ?? unexplained);
  const block = /: *>=? *[0-9.]/.test(line.slice(0, 200))
    ? { fix: 'Put the comparison in quotes, for example ">= 0.85": a bare `>` begins a folded text.' }
    : {};
  return { ...explanation, ...block, found: line === "" ? "the end of the text" : describeText(line), offset };
}
