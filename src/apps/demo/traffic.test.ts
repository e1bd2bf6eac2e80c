import { describe, expect, it } from "vitest";
import { computeBucket } from "../../core/rollout/bucket.ts";
import { createTrafficUsers } from "./traffic.ts";

const flagKey = "support_answer_model_route";
const users = createTrafficUsers(flagKey);

/** Users of a risk tier whose account lies in the first part of FeatBit's line. */
function countBelow(riskTier: string, share: number): number {
  return users.filter(
    ({ attributes }) =>
      attributes["riskTier"] === riskTier &&
      attributes["region"] !== undefined &&
      computeBucket(`${flagKey}${attributes["accountId"] ?? ""}`) < share,
  ).length;
}

describe("the demo's users are spread so that shares hold exactly", () => {
  it.each<[string, number, number]>([
    ["low", 0.05, 4],
    ["low", 0.1, 8],
    ["low", 0.25, 20],
    ["low", 0.5, 40],
    ["high", 0.2, 25],
    ["high", 1, 125],
  ])("%s risk, share %d: %d accounts", (riskTier, share, count) => {
    expect(countBelow(riskTier, share)).toBe(count);
  });

  it("everybody is somebody else, and some are left out at every stage", () => {
    expect(new Set(users.map(({ key }) => key)).size).toBe(users.length);
    expect(users.filter(({ attributes }) => attributes["region"] === undefined)).toHaveLength(12);
    expect(users.map(({ key }) => key)).toContain("legal-review-account");
  });
});
