import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRouteFile } from "../routes/parse-route-file.ts";
import { routeText, smallRoute } from "../routes/test-route.ts";
import { editRoute, type RouteEdit } from "./edit-route.ts";

const path = "model-routes/f.yaml";
const status = (name: "approved-as-default" | "rolled-back", ...evidence: string[]): RouteEdit => ({
  kind: "status",
  status: name,
  evidence,
});
const cleanup: RouteEdit = { kind: "cleanup" };

function mustEdit(text: string, edit: RouteEdit): string {
  const edited = editRoute(path, text, edit);
  if (!edited.ok) throw new Error(edited.problems.map(({ code, message }) => `${code}: ${message}`).join("; "));
  return edited.value;
}

/** The lines that went and came, so that a table shows what an edit does. */
function showChange(before: string, after: string): { gone: readonly string[]; came: readonly string[] } {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return { gone: old.filter((line) => !now.includes(line)), came: now.filter((line) => !old.includes(line)) };
}

const full = readFileSync(join(import.meta.dirname, "../../../docs/examples/support-answer-full.yaml"), "utf8");

const block = routeText(
  [
    "flagKey: f # the flag",
    "owner: team",
    "baseline:",
    "  model: a # old",
    "  parameters:",
    "    temperature: 0.2",
    "",
    "# the new one",
    "candidate:",
    "  model: b # new",
    "approval:",
    '  status: "approved-for-testing" # why',
    "  evidence:",
    "    - one",
    "    - two # last",
    "cleanup: { decision: permanent, reviewBy: 2027-01-31, owner: o }",
  ].join("\n"),
);

describe("an edit touches what it means and nothing else", () => {
  it.each<[string, string, RouteEdit, { gone: string[]; came: string[] }]>([
    [
      "the status, with its comment kept",
      block,
      status("rolled-back"),
      { gone: ['    status: "approved-for-testing" # why'], came: ["    status: rolled-back # why"] },
    ],
    [
      "the status in a map of one line",
      routeText(smallRoute),
      status("rolled-back"),
      {
        gone: ["  approval: { status: approved-for-testing }"],
        came: ["  approval: { status: rolled-back }"],
      },
    ],
    [
      "evidence at the end of a list of lines",
      block,
      status("approved-as-default", "one", "three", "four"),
      {
        gone: ['    status: "approved-for-testing" # why'],
        came: ["    status: approved-as-default # why", "      - three", "      - four"],
      },
    ],
    [
      "evidence at the end of a list of one line",
      routeText(smallRoute.replace("approved-for-testing }", "draft, evidence: [one] }")),
      status("approved-as-default", "two"),
      {
        gone: ["  approval: { status: draft, evidence: [one] }"],
        came: ["  approval: { status: approved-as-default, evidence: [one, two] }"],
      },
    ],
    [
      "evidence in an empty list",
      routeText(smallRoute.replace("approved-for-testing }", "draft, evidence: [] }")),
      status("approved-as-default", "two"),
      {
        gone: ["  approval: { status: draft, evidence: [] }"],
        came: ["  approval: { status: approved-as-default, evidence: [two] }"],
      },
    ],
    [
      "evidence where a map of one line names none",
      routeText(smallRoute),
      status("approved-as-default", "two"),
      {
        gone: ["  approval: { status: approved-for-testing }"],
        came: ["  approval: { status: approved-as-default, evidence: [two] }"],
      },
    ],
    [
      "evidence where the file names none, at the end of the text",
      routeText(
        smallRoute.replace("approval: { status: approved-for-testing }", "approval:\n  status: draft"),
      ).trimEnd(),
      status("approved-as-default", "two"),
      { gone: ["    status: draft"], came: ["    status: approved-as-default", "    evidence: [two]", ""] },
    ],
    [
      "a cleanup takes the old baseline away and keeps the comments of the candidate",
      block,
      cleanup,
      {
        gone: [
          "    model: a # old",
          "    parameters:",
          "      temperature: 0.2",
          "  candidate:",
          '    status: "approved-for-testing" # why',
        ],
        came: ["    status: retired # why"],
      },
    ],
    [
      "a cleanup of bundles of one line",
      routeText(smallRoute),
      cleanup,
      {
        gone: ["  baseline: { model: a }", "  candidate: { model: b }", "  approval: { status: approved-for-testing }"],
        came: ["  baseline: { model: b }", "  approval: { status: retired }"],
      },
    ],
  ])("%s", (_name, text, edit, expected) => {
    expect(showChange(text, mustEdit(text, edit))).toEqual(expected);
  });

  it("the example that shows every field keeps every other line", () => {
    const after = mustEdit(full, cleanup);
    const { gone, came } = showChange(full, after);
    expect(came).toEqual(["    status: retired"]);
    expect(gone).toEqual([
      "    provider: openai",
      "    model: gpt-4o-2024-08-06",
      "  candidate:",
      "    status: approved-for-internal-canary",
    ]);
    const parsed = parseRouteFile(path, { kind: "text", text: after });
    expect(parsed.ok && parsed.value.record.baseline.model).toBe("claude-sonnet-4-5-20250929");
  });

  it("line ends and a byte order mark stay", () => {
    const text = `\uFEFF${block.replaceAll("\n", "\r\n")}`;
    expect(mustEdit(text, status("rolled-back"))).toBe(text.replace('"approved-for-testing"', "rolled-back"));
    expect(mustEdit(text, cleanup)).toBe(`\uFEFF${mustEdit(block, cleanup).replaceAll("\n", "\r\n")}`);
  });

  it("the same edit twice gives the same text", () => {
    const once = mustEdit(block, status("approved-as-default", "three"));
    expect(mustEdit(once, status("approved-as-default", "three"))).toBe(once);
  });
});

describe("what cannot be edited alone is refused with what to do", () => {
  it.each<[string, string, RouteEdit, string]>([
    [
      "a status that other fields share",
      block.replace('"approved-for-testing"', "&s draft").replace("owner: o }", "owner: *s }"),
      status("rolled-back"),
      "cannot-edit",
    ],
    [
      "a status behind an alias",
      routeText(smallRoute.replace("owner: team", "owner: &s draft").replace("approved-for-testing", "*s")),
      status("rolled-back"),
      "cannot-edit",
    ],
    [
      "a cleanup whose candidate hangs on the baseline",
      routeText(smallRoute.replace("{ model: a }", "&b { model: a }").replace("{ model: b }", "*b")),
      cleanup,
      "cannot-edit",
    ],
    [
      "a cleanup of a file in JSON",
      JSON.stringify({
        model_change: {
          flagKey: "f",
          owner: "t",
          baseline: { model: "a" },
          candidate: { model: "b" },
          approval: { status: "draft" },
        },
      }),
      cleanup,
      "cannot-edit",
    ],
    [
      "a cleanup without a candidate",
      routeText(smallRoute.replace("candidate: { model: b }\n", "").replace("approved-for-testing", "retired")),
      cleanup,
      "no-candidate",
    ],
    ["an id that is no plain word", block, status("approved-as-default", "a, b"), "cannot-edit"],
    ["a file that is no route", "model_change: 1\n", cleanup, "no-record"],
  ])("%s", (_name, text, edit, code) => {
    const edited = editRoute(path, text, edit);
    expect(edited.ok ? "edited" : edited.problems[0]?.code).toBe(code);
  });
});

it("whatever the text, an edit throws nothing, and what it gives reads as meant", () => {
  const pieces = fc.array(
    fc.tuple(fc.nat(block.length), fc.constantFrom("", "\n", "#", "  ", "{", "- ", "&a ", "*a", ": ")),
    {
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(pieces, fc.constantFrom(cleanup, status("rolled-back", "x")), (cuts, edit) => {
      const text = cuts.reduce((all, [at, by]) => all.slice(0, at) + by + all.slice(at), block);
      const edited = editRoute(path, text, edit);
      if (!edited.ok) return;
      const parsed = parseRouteFile(path, { kind: "text", text: edited.value });
      expect(parsed.ok && parsed.value.record.approval.status).toBe(
        edit.kind === "cleanup" ? "retired" : "rolled-back",
      );
    }),
  );
});
