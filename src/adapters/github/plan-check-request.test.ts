import { describe, expect, it } from "vitest";
import type { CheckReport } from "../../core/effect.ts";
import { planCheckRequest, type CheckRun } from "./plan-check-request.ts";

function report(change: Partial<CheckReport> = {}, annotations = 0): CheckReport {
  return {
    name: "routeward/approval",
    headSha: "a".repeat(40),
    status: "completed",
    conclusion: "success",
    title: "t",
    summary: "s",
    text: "",
    annotations: Array.from({ length: annotations }, (_, index) => ({
      path: "a.yaml",
      startLine: index + 1,
      endLine: index + 1,
      startColumn: 3,
      endColumn: null,
      level: "warning",
      title: "",
      message: `m${index}`,
      rawDetails: "",
    })),
    actions: [],
    externalId: "new",
    ...change,
  };
}

function run(change: Partial<CheckRun> = {}): CheckRun {
  return { id: 7, status: "completed", conclusion: "success", externalId: "old", annotations: 0, ...change };
}

describe("the next request", () => {
  it.each<[string, CheckRun | null, CheckReport, object]>([
    [
      "there is no run: create",
      null,
      report(),
      { kind: "create", body: { status: "completed", conclusion: "success" } },
    ],
    ["the run shows it: nothing", run({ externalId: "new" }), report(), { kind: "nothing", checkRunId: 7 }],
    ["the run went stale: create", run({ externalId: "new", conclusion: "stale" }), report(), { kind: "create" }],
    ["a finished run shows something else: create", run(), report(), { kind: "create" }],
    [
      "an unfinished run without annotations: update",
      run({ status: "in_progress", conclusion: null }),
      report(),
      { kind: "update", checkRunId: 7 },
    ],
    ["a queued run: update", run({ status: "queued", conclusion: null }), report(), { kind: "update" }],
    [
      "an unfinished run has another report's annotations: create",
      run({ status: "in_progress", annotations: 3 }),
      report(),
      { kind: "create" },
    ],
    [
      "progress is shown already: nothing",
      run({ status: "in_progress", externalId: "new" }),
      report({ status: "in_progress", conclusion: null }),
      { kind: "nothing" },
    ],
    [
      "progress after a verdict: create, so that the verdict no longer counts",
      run(),
      report({ status: "in_progress", conclusion: null }),
      { kind: "create", body: { status: "in_progress" } },
    ],
    [
      "more annotations than fit: begin without the conclusion",
      null,
      report({}, 51),
      { kind: "create", body: { status: "in_progress" }, annotationsAfter: 50 },
    ],
    [
      "begun with 50 of 51: finish with the last",
      run({ status: "in_progress", externalId: "new", annotations: 50 }),
      report({}, 51),
      { kind: "update", annotationsAfter: 51, body: { status: "completed" } },
    ],
    [
      "all annotations are there but no conclusion: finish without any",
      run({ status: "in_progress", externalId: "new", annotations: 51 }),
      report({}, 51),
      { kind: "update", annotationsAfter: 51, body: { status: "completed" } },
    ],
  ])("%s", (_name, newest, wanted, expected) => {
    expect(planCheckRequest(newest, wanted)).toMatchObject(expected);
  });

  it("sends columns only for annotations of one line", () => {
    const wanted = report({}, 1);
    const several = { ...wanted, annotations: wanted.annotations.map((one) => ({ ...one, endLine: 9 })) };
    expect(planCheckRequest(null, wanted)).toMatchObject({ body: { output: { annotations: [{ start_column: 3 }] } } });
    expect(JSON.stringify(planCheckRequest(null, several))).not.toContain("start_column");
  });
});
