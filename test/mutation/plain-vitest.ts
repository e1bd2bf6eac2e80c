import { chai, expect } from "vitest";

export { expect };

/**
 * What the core's tests use of Vitest, without its processes: `describe` and `it` collect, and whoever imported the test files runs what was
 * collected. `in-process-runner.ts` puts this in Vitest's place. Anything else of Vitest is missing on purpose, and fails when imported.
 */
export interface CollectedTest {
  /** File, place in the file, and name: the same in each process. */
  id: string;
  name: string;
  run: () => unknown;
}

export const collected: CollectedTest[] = [];

let file = "";
let place = 0;
const groups: string[] = [];

/** Tests that are collected from here on belong to this file. */
export function startFile(path: string): void {
  file = path;
  place = 0;
}

function collect(name: string, run: () => unknown): void {
  place++;
  const full = [...groups, name].join(" > ");
  collected.push({ id: `${file}#${place} ${full}`, name: full, run });
}

export function it(name: string, run: () => unknown): void {
  collect(name, run);
}

it.each =
  (rows: readonly unknown[]) =>
  (name: string, run: (...row: unknown[]) => unknown): void => {
    for (const row of rows) collect(name, () => (Array.isArray(row) ? run(...(row as unknown[])) : run(row)));
  };

export function describe(name: string, body: () => void): void {
  groups.push(name);
  body();
  groups.pop();
}

describe.each =
  (rows: readonly unknown[]) =>
  (name: string, body: (...row: unknown[]) => void): void => {
    for (const row of rows) {
      describe(name, () => {
        if (Array.isArray(row)) body(...(row as unknown[]));
        else body(row);
      });
    }
  };

// Vitest's own inline snapshots work only inside its processes.
chai.use(({ Assertion }, utilities) => {
  utilities.addMethod(Assertion.prototype, "toMatchInlineSnapshot", function (this: object, snapshot: string) {
    const shown = showForSnapshot(utilities.flag(this, "object"), "");
    const wanted = stripIndentation(snapshot);
    if (shown !== wanted) throw new Error(`expected ${wanted}, received ${shown}`);
  });
});

/** As Vitest writes plain data into an inline snapshot: keys sorted, a comma after each line, text as it is. */
function showForSnapshot(value: unknown, indent: string): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value !== "object" || value === null) return String(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const lines = isList
    ? value.map((each) => `${inner}${showForSnapshot(each, inner)},\n`)
    : Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, each]) => `${inner}"${key}": ${showForSnapshot(each, inner)},\n`);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join("")}${indent}${close}`;
}

function stripIndentation(snapshot: string): string {
  const lines = snapshot.split("\n");
  if (lines.length === 1) return snapshot;
  const inner = lines.slice(1, -1);
  const indent = /^ */.exec(inner[0] ?? "")?.[0].length ?? 0;
  return inner.map((line) => (line.trim() === "" ? "" : line.slice(indent))).join("\n");
}
