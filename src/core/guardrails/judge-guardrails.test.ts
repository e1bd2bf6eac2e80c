import { expect, it } from "vitest";
import type { LiveState, Measurement } from "../facts.ts";
import { readRoute, writeRecord } from "../verdict/test-builders.ts";
import { judgeGuardrails } from "./judge-guardrails.ts";

const at = "2026-06-15T10:00:00.000Z";
const { guardrails } = readRoute(
  writeRecord({ guardrails: [{ name: "g", category: "quality", metric: "m", margin: "<= baseline + 10%" }] }),
).record;

/** Whether the sizes of the arms keep the guardrail from a claim. */
function callsUnequal(live: Pick<LiveState, "stage" | "share">, candidate: number, baseline: number): boolean {
  const read = (variation: "candidate" | "baseline", samples: number): Measurement => ({
    guardrail: "g",
    variation,
    at,
    outcome: { kind: "value", value: 1, samples },
  });
  const [finding] = judgeGuardrails(
    guardrails,
    [read("candidate", candidate), read("baseline", baseline)],
    live,
    {},
    at,
  );
  return finding?.why.startsWith("unequal arms") ?? false;
}

it.each<[string, LiveState["stage"], number, number, number, boolean]>([
  ["a candidate with too many in the customer canary", "customer-canary", 10, 9000, 1000, true],
  ["a candidate with too many in the a/b comparison", "ab-comparison", 50, 9000, 1000, true],
  ["arms as the share makes them", "customer-canary", 10, 1000, 9000, false],
  ["a baseline that holds other users as well", "customer-canary", 50, 1000, 9000, false],
  ["an internal canary, whose people are chosen", "internal-canary", 50, 9000, 1000, false],
  ["the default", "default", 50, 9000, 1000, false],
  ["no stage at all", null, 50, 9000, 1000, false],
  ["a share of everybody", "customer-canary", 100, 9000, 1000, false],
  ["a share of nobody", "customer-canary", 0, 9000, 1000, false],
])("unequal arms, for %s", (_name, stage, share, candidate, baseline, isUnequal) => {
  expect(callsUnequal({ stage, share }, candidate, baseline)).toBe(isUnequal);
});
