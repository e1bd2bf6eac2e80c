import { scanXml, type XmlTag } from "./scan-xml.ts";
import { countWords, shareOf, type ToolResult } from "./tool-reading.ts";
import { momentOf } from "./read-field.ts";

/**
 * Reads a JUnit XML report. It is the weakest form: it names neither dataset nor run, and the bundle digest only as a `<property>` called
 * `route_bundle`. The test cases are counted; the totals in the attributes must agree.
 */
export function readJunit(text: string): ToolResult {
  const scanned = scanXml(text);
  if (!scanned.ok) return { ok: false, why: scanned.why };
  const { tags } = scanned;
  const root = tags[0];
  if (root === undefined || (root.name !== "testsuites" && root.name !== "testsuite")) {
    return { ok: false, why: "the root is neither `testsuites` nor `testsuite`" };
  }
  const counts = countCases(tags);
  const suites = tags.filter((tag) => tag.name === "testsuite");
  const properties = tags.filter((tag) => tag.name === "property" && tag.attributes["name"] === "route_bundle");
  const bundles = new Set(properties.flatMap((tag) => tag.attributes["value"] || []));
  const times = suites.map((tag) => momentOf(withZone(tag.attributes["timestamp"]))).filter((time) => time !== null);
  const judged = counts.passed + counts.failed;
  return {
    ok: true,
    value: {
      bundle: bundles.size === 1 ? ([...bundles][0] ?? null) : null,
      dataset: null,
      grader: root.attributes["name"] ?? suites[0]?.attributes["name"] ?? null,
      threshold: null,
      result: shareOf(counts.passed, judged),
      run: null,
      url: null,
      producedAt: times.sort()[times.length - 1] ?? null,
      counts: { total: counts.total, passed: counts.passed, failed: counts.failed, errored: counts.errored },
      defects: [
        ...(counts.total === 0 ? ["without assertions: the report holds no test case"] : []),
        ...(counts.unasserted > 0
          ? [`without assertions: ${countWords(counts.unasserted, "test case")} that could only pass`]
          : []),
        ...(counts.errored > 0 ? [`errored: ${countWords(counts.errored, "test case")}`] : []),
        ...(counts.skipped > 0 ? [`partial: ${countWords(counts.skipped, "test case")} skipped`] : []),
        ...(bundles.size > 1 ? ["ambiguous: several values of the property `route_bundle`"] : []),
        ...checkTotals(root, counts),
      ],
    },
  };
}

interface Cases {
  total: number;
  passed: number;
  failed: number;
  errored: number;
  skipped: number;
  /** Passed cases of which the report says that nothing was asserted; most tools do not say. */
  unasserted: number;
}

/** A case is what its worst child says; a case without children passed. */
function countCases(tags: readonly XmlTag[]): Cases {
  const cases: Cases = { total: 0, passed: 0, failed: 0, errored: 0, skipped: 0, unasserted: 0 };
  for (const [index, tag] of tags.entries()) {
    if (tag.name !== "testcase") continue;
    cases.total += 1;
    const inside = new Set<string>();
    for (let next = index + 1; (tags[next]?.depth ?? 0) > tag.depth; next++) {
      if (tags[next]?.depth === tag.depth + 1) inside.add(tags[next]?.name ?? "");
    }
    if (inside.has("error")) cases.errored += 1;
    else if (inside.has("failure")) cases.failed += 1;
    else if (inside.has("skipped")) cases.skipped += 1;
    else {
      cases.passed += 1;
      if (tag.attributes["assertions"] === "0") cases.unasserted += 1;
    }
  }
  return cases;
}

function checkTotals(root: XmlTag, cases: Cases): readonly string[] {
  const expected = [
    ["tests", cases.total],
    ["failures", cases.failed],
    ["errors", cases.errored],
  ] as const;
  return expected.flatMap(([name, counted]) => {
    const claimed = root.attributes[name];
    if (claimed === undefined || claimed === String(counted)) return [];
    return [`contradictory: \`${name}\` says ${claimed.slice(0, 20)}, the report holds ${counted}`];
  });
}

/** JUnit's timestamps often carry no zone; they are UTC by convention. */
function withZone(timestamp: string | undefined): string {
  const text = timestamp ?? "";
  return /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`;
}
