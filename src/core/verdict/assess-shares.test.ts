import { expect, it } from "vitest";
import { assess } from "../assess.ts";
import { decide } from "../decide.ts";
import { buildApprovals, buildFacts, buildSnapshot, policyText, writeFiles, writeRecord } from "./test-builders.ts";

it("a plan that gives steps to an audience with a percent of its own is invalid, and says both", () => {
  const policy = JSON.parse(policyText) as { audiences: Record<string, object> };
  policy.audiences["low-risk"] = { ...policy.audiences["low-risk"], percent: 5 };
  const facts = buildFacts({
    head: buildSnapshot(writeFiles(writeRecord())),
    policy: { kind: "text", path: ".github/routeward.yml", text: JSON.stringify(policy) },
  });
  const assessment = assess(facts);
  const verdict = decide(assessment, buildApprovals(assessment, ["product", "platform"]));
  expect(verdict.state).toBe("invalid");
  expect(verdict.routes[0]?.problems.map(({ code, found }) => [code, found])).toEqual([
    ["percent-and-steps", "percent 5 and steps 5, 10, 25"],
  ]);
});
