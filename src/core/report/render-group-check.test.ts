import { expect, it } from "vitest";
import type { GroupVerdict } from "../verdict/judge-group.ts";
import { countBytes } from "./cut-bytes.ts";
import { renderGroupCheck } from "./render-group-check.ts";

const hostile = "it goes to [x](http://evil.example) @everyone\n# <img src=x>, the queue to main";

function failWith(reasons: readonly string[]): GroupVerdict {
  return {
    holds: false,
    members: [
      { number: 7, holds: true, verdict: null, reasons: [] },
      { number: 8, holds: false, verdict: null, reasons },
    ],
  };
}

it("names who does not hold, and escapes what others wrote", () => {
  const report = renderGroupCheck(failWith([hostile, "mend it"]), "abc");
  expect(report).toMatchObject({ headSha: "abc", status: "completed", conclusion: "failure", annotations: [] });
  expect(report.title).toContain("#8 does not hold in this merge group: it goes to");
  expect(report.title).not.toContain("\n");
  expect(report.summary).toMatchInlineSnapshot(`
    "Every pull request of the group was judged again, each on what the base branch would hold after it.

    - ✅ #7: 
    - ❌ #8: it goes to \\[x\\]\\(http:&#8203;//evil.example\\) @&#8203;everyone \\#&#8203; &lt;img src=x&gt;, the queue to main
      - mend it"
  `);
});

it("lets nothing through whose members are unknown", () => {
  const report = renderGroupCheck(null, "abc");
  expect(report.conclusion).toBe("failure");
  expect(report.summary).toContain("so nothing in it can be let through");
});

it("is equal for equal groups on one commit, and stays within GitHub's limit", () => {
  const long = failWith(Array.from({ length: 3_000 }, (_, index) => `${index} ${"é".repeat(500)}`));
  const report = renderGroupCheck(long, "abc");
  expect(countBytes(report.summary)).toBeLessThanOrEqual(65_535);
  expect(renderGroupCheck(long, "abc").externalId).toBe(report.externalId);
  expect(renderGroupCheck(long, "abd").externalId).not.toBe(report.externalId);
});
