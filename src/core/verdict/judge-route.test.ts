import { describe, expect, it } from "vitest";
import { assess } from "../assess.ts";
import { decide } from "../decide.ts";
import {
  binding,
  buildApprovals,
  buildChange,
  buildFacts,
  buildPeople,
  buildSnapshot,
  judge,
  judgeRouteOf,
  policyText,
  resolve,
  writeFiles,
  writeRecord,
  writeStatus,
  type Written,
} from "./test-builders.ts";
import type { Reason } from "./verdict.ts";

const head = (changes: Written, texts: Readonly<Record<string, string>> = {}): ReturnType<typeof buildFacts> =>
  buildFacts({ head: buildSnapshot(writeFiles(writeRecord(changes), texts)) });

it.each<[string, Written, string]>([
  ["the stage that is asked for", {}, "gates of internal-canary"],
  ["that none is asked for", writeStatus("draft"), "no stage is asked for"],
])("the reasons of a route are its problems, its gates and its roles; they name %s", (_name, changes, gates) => {
  expect(judgeRouteOf(head(changes)).reasons.map(({ code, text }: Reason) => [code, text])).toEqual([
    ["problems", "the files can be read and do nothing that is forbidden"],
    ["gates", gates],
    ["roles", "the roles that must approve"],
  ]);
});

describe("a route's way back", () => {
  const { baselineDigest } = resolve(writeRecord());
  it.each<[string, ReturnType<typeof buildFacts>, { value: string; owner: string | null }]>([
    [
      "names the baseline and its owner",
      buildFacts(),
      { value: `baseline ${baselineDigest ?? ""}`, owner: "platform" },
    ],
    [
      "names no owner where none is declared",
      head({ rollback: undefined }),
      { value: `baseline ${baselineDigest ?? ""}`, owner: null },
    ],
    [
      "names no digest where the baseline cannot be read",
      buildFacts({ head: buildSnapshot({ ...writeFiles(writeRecord()), "prompts/v3.md": "" }) }),
      { value: expect.stringMatching(/^baseline/) as string, owner: "platform" },
    ],
  ])("%s", (_name, facts, expected) => {
    expect(judgeRouteOf(facts).rollback).toMatchObject(expected);
  });

  it("names no digest while a file of the baseline is missing", () => {
    const files = writeFiles(writeRecord());
    delete files["prompts/v3.md"];
    expect(judgeRouteOf(buildFacts({ head: buildSnapshot(files) })).rollback.value).toBe("baseline");
  });
});

it("a route names the operator's binding, and none where none fits", () => {
  expect(judgeRouteOf(buildFacts()).binding).toBe("prod");
  expect(judgeRouteOf(buildFacts({ bindings: [{ ...binding, repositories: ["acme/other"] }] })).binding).toBeNull();
});

describe("whom a stage reaches", () => {
  const exposed = (status: string, steps: readonly Written[]): Written => ({
    ...writeStatus(status),
    exposure: { plan: steps },
  });
  it.each<[string, Written, { audience: string; share: string }]>([
    [
      "everybody eligible, where an A/B comparison is not planned",
      exposed("approved-for-ab-comparison", [{ stage: "internal-canary", audience: "internal-support" }]),
      { audience: "all eligible", share: "unknown" },
    ],
    [
      "an audience that nobody defined, in full",
      exposed("approved-for-customer-canary", [{ stage: "customer-canary", audience: "unheard-of" }]),
      { audience: "unheard-of", share: "100 %" },
    ],
    [
      "an audience with the name of something built in, in full",
      exposed("approved-for-customer-canary", [{ stage: "customer-canary", audience: "constructor" }]),
      { audience: "constructor", share: "100 %" },
    ],
  ])("%s", (_name, changes, expected) => {
    expect(judgeRouteOf(head(changes)).exposure).toEqual({ ...expected, excluded: [] });
  });
});

describe("what to do next about a route", () => {
  it("what blocks comes before who objects, and that before for whom it waits", () => {
    const assessment = assess(head({ guardrails: [] }));
    const { reviews } = buildApprovals(assessment, ["platform"]);
    const objections = reviews.map((review) => ({ ...review, state: "CHANGES_REQUESTED" as const }));
    const [route] = decide(assessment, buildPeople({ reviews: objections })).routes;
    expect(route?.next).toEqual([
      "no guardrail is declared",
      expect.stringMatching(/^ai-platform-owner: /),
      expect.stringMatching(/^product-owner: /),
    ]);
    expect(route?.state).toBe("blocked");
  });
});

it("a merged pull request is not held by a freeze, which its rollout waits for", () => {
  const freeze = [{ name: "launch", cron: "0 0 15 6 *", lasts: "24h", timezone: "UTC" }];
  const policy = {
    kind: "text" as const,
    path: ".github/routeward.yml",
    text: JSON.stringify({ ...(JSON.parse(policyText) as Written), freeze }),
  };
  const open = buildFacts({ policy });
  const merged = { ...open, pull: { ...open.pull, merged: true, state: "closed" as const } };
  const ids = (facts: typeof open): readonly string[] =>
    judgeRouteOf(facts, ["product", "platform"]).gates.map(({ gate }) => gate);
  expect(ids(open)).toContain("freeze");
  expect(ids(merged)).toEqual(ids(open).filter((id) => id !== "freeze"));
  const assessment = assess(merged);
  expect(decide(assessment, buildApprovals(assessment, ["product", "platform"])).state).toBe("approved");
  expect(judge(open, ["product", "platform"]).state).toBe("waiting");
});

it("a route that stays as it is says what is live", () => {
  expect(judgeRouteOf(buildChange(writeRecord({ description: "new" }))).live?.stage).toBe("internal-canary");
});
