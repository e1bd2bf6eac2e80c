import { stringify } from "yaml";
import type { FileFacts } from "../../src/core/facts.ts";
import { resolveRoute } from "../../src/core/routes/resolve-route.ts";
import {
  binding,
  buildFacts,
  buildSnapshot,
  namedTexts,
  policyText,
  readRoute,
  writeRecord,
  type Written,
} from "../../src/core/verdict/test-builders.ts";

/** Texts that a pull request makes the core read. */
export function textsOf(facts: FileFacts): readonly string[] {
  const files = [facts.base, facts.head].flatMap((snapshot) => Object.entries(snapshot.contents));
  return [
    ...files.flatMap(([path, content]) =>
      path.startsWith("model-routes/") && content.kind === "text" ? [content.text] : [],
    ),
    ...(facts.policy.kind === "text" ? [facts.policy.text] : []),
  ];
}

/** One route, one record of evidence, a policy and owners, all as people write them. */
export function buildSmallPull(): FileFacts {
  return buildManyRoutes({ routes: 1, records: 1 });
}

/** A pull request that adds routes, each with its own evidence. */
export function buildManyRoutes(size: { routes: number; records: number }): FileFacts {
  const texts: Record<string, string> = { ...namedTexts };
  const paths: string[] = [];
  for (let index = 0; index < size.routes; index += 1) {
    const flagKey = `support_${index}`;
    const path = `model-routes/support/route-${index}.yaml`;
    const ids = Array.from({ length: size.records }, (_, at) => `eval-${index}-${at}`);
    const approval = { status: "approved-for-internal-canary", reviewers: [], evidence: [...ids, "rollback-test-1"] };
    const written = writeRecord({ flagKey, approval });
    const { candidateDigest } = resolveRoute(readRoute(written), buildSnapshot(namedTexts));
    texts[path] = stringify({ model_change: written }, { aliasDuplicateObjects: false });
    for (const id of ids) texts[`model-routes/evidence/${id}.yaml`] = stringify(writeEvidenceFor(id, candidateDigest));
    paths.push(path);
  }
  return buildFacts({
    changes: { complete: true, files: paths.map((path) => ({ path, previousPath: null, status: "added" })) },
    base: buildSnapshot(namedTexts),
    head: buildSnapshot(texts),
    policy: { kind: "text", path: ".github/routeward.yml", text: stringify(JSON.parse(policyText)) },
    bindings: [binding],
  });
}

function writeEvidenceFor(id: string, bundle: string | null): Written {
  return {
    id,
    kind: "offline-eval",
    bundle,
    dataset: { name: "golden-support-answers", digest: `sha256:${"ab".repeat(32)}`, size: 420 },
    grader: "rubric-v4",
    threshold: ">= 0.85",
    result: 0.91,
    run: "https://ci.example.com/runs/77120",
    url: "https://ci.example.com/runs/77120/report",
    producedAt: "2026-06-14T08:00:00Z",
    producer: { workflow: ".github/workflows/evals.yml", runId: 77120 },
  };
}

const size = 256 * 1024;

/** A route file that is filled with the user's own keys up to the size. */
function fillWith(line: (index: number) => string): string {
  const parts = [stringify({ model_change: writeRecord() }, { aliasDuplicateObjects: false }), "  x-notes:\n"];
  let length = parts.join("").length;
  for (let index = 0; ; index += 1) {
    const next = `    ${line(index)}\n`;
    if (length + next.length > size) return parts.join("");
    parts.push(next);
    length += next.length;
  }
}

const sentence = "answers of this route are read by people who know the product";

export const largeTexts: Readonly<Record<string, string>> = {
  "of sentences": fillWith((index) => `note-${index}: ${sentence}`),
  "near the limit of tokens": fillWith(
    (index) => `note-${String(index).padStart(5, "0")}: ${"word ".repeat(4)}${index % 10}`,
  ),
  "of one long text": stringify({ model_change: writeRecord({ description: sentence.slice(0, 40) }) }).concat(
    `  x-text: |\n${`    ${sentence}\n`.repeat(3_800)}`,
  ),
  "as JSON": JSON.stringify({
    model_change: writeRecord({
      "x-notes": Object.fromEntries(Array.from({ length: 3_100 }, (_, index) => [`note-${index}`, sentence])),
    }),
  }),
};

const aliasBomb = (): string => {
  const lines = [`a0: &a0 [${"1,".repeat(200)}1]`];
  for (let level = 1; level <= 9; level += 1) {
    lines.push(`a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}*a${level - 1}]`);
  }
  return lines.join("\n");
};

const repeatTo = (piece: string): string => piece.repeat(Math.floor(size / piece.length));
const keys = (count: number, key: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => key(index)).join("\n");

/** Texts of the same size that are made to hurt a reader. */
export const hostileTexts: Readonly<Record<string, string>> = {
  "open brackets": repeatTo("["),
  "braces in brackets": repeatTo("[{"),
  "nesting up to the limit again and again": repeatTo(`- ${"[".repeat(28)}${"]".repeat(28)}\n`),
  "maps in lists": repeatTo("- - - a: 1\n"),
  "alias bomb": `${aliasBomb()}\n${"# fill\n".repeat(30_000)}`.slice(0, size),
  aliases: `a: &x 1\nb:\n${"  - *x\n".repeat(36_000)}`,
  anchors: repeatTo("- &a x\n"),
  "long keys": keys(8, (index) => `${"k".repeat(32_000)}${index}: 1`),
  "one long key": `${"k".repeat(size - 10)}: 1`,
  "one key again and again": repeatTo("a: 1\n"),
  "unknown keys": `model_change:\n${keys(9_000, (index) => `  unknown-key-${index}: value`)}`,
  "repeated tags": repeatTo("!!str a: "),
  "tags in a list": repeatTo("- !!str x\n"),
  "document marks": repeatTo("---\n"),
  directives: repeatTo("%YAML 1.2\n"),
  quotes: repeatTo('"'),
  "unfinished quotes": repeatTo('- "a\n'),
  escapes: `a: "${"\\u0041".repeat(43_000)}"`,
  comments: repeatTo("# comment\n"),
  "empty lines": repeatTo("\n"),
  spaces: repeatTo(" "),
  tabs: repeatTo("\t"),
  "question marks": repeatTo("? "),
  colons: repeatTo(": "),
  commas: `[${repeatTo(",").slice(2)}]`,
  "block scalars": repeatTo("- |\n  x\n"),
  "folded text": `a: >\n${"  word\n\n".repeat(32_000)}`,
  "plain text over many lines": `a:\n${"  word\n".repeat(37_000)}`,
  "carriage returns": repeatTo("\r"),
  "text like secrets": `model_change:\n  baseline:\n    model: x\n    parameters:\n${keys(6_000, (index) => `      a${index}: "Bearer sk-aaaaaaaaaa"`)}`,
  "evidence ids": `model_change:\n  approval:\n    status: draft\n    evidence:\n${keys(15_000, (index) => `      - e${index}`)}`,
};
