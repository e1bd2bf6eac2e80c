import { describe, expect, it } from "vitest";
import type { LiveState } from "../facts.ts";
import { planOf } from "../routes/plan-of.ts";
import type { Stage } from "../scales.ts";
import type { GateContext } from "./gate-context.ts";
import { lookAtAudiences, lookAtSoak } from "./gate-looks.ts";
import {
  audiences,
  buildAudience,
  buildLive,
  buildPolicy,
  resolve,
  writeRecord,
  type Written,
} from "./test-builders.ts";

function contextOf(written: Written, over: Partial<GateContext> = {}): GateContext {
  const route = resolve(writeRecord(written));
  const policy = over.policy ?? buildPolicy();
  const plan = planOf(route.file.record, policy);
  // The looks at audiences and at soaking use nothing else.
  return { route, policy, plan, live: null, liveStage: null, isGrowing: true, ...over } as GateContext;
}

describe("the audiences of a stage", () => {
  const planned = (audience: string, excluded: string[] = []): Written => ({
    exposure: {
      plan: [
        { stage: "internal-canary", audience: "internal-support" },
        { stage: "customer-canary", audience },
      ],
      excluded,
    },
  });
  const policy = buildPolicy({
    audiences: { ...audiences, nobody: buildAudience("nobody"), nowhere: buildAudience("nowhere") },
  });
  it.each<[string, Written, Stage, [state: string, text: string, field?: string]]>([
    [
      "are defined",
      planned("low-risk", ["regulated-region"]),
      "customer-canary",
      ["ok", "all audiences and exclusions are defined"],
    ],
    [
      "are looked at up to the asked stage only",
      planned("unheard-of"),
      "internal-canary",
      ["ok", "all audiences and exclusions are defined"],
    ],
    [
      "are not defined, and one is called almost so",
      planned("low-rsk"),
      "customer-canary",
      ["blocked", "the policy defines no audience low-rsk; did you mean low-risk?", "exposure.plan.1"],
    ],
    [
      "are not defined, and nothing is called like it",
      planned("xyzzy-plugh-quux"),
      "customer-canary",
      ["blocked", "the policy defines no audience xyzzy-plugh-quux", "exposure.plan.1"],
    ],
    [
      "are not defined in the short form",
      { exposure: { firstAudience: "xyzzy-plugh-quux" } },
      "customer-canary",
      ["blocked", "the policy defines no audience xyzzy-plugh-quux", "exposure"],
    ],
    [
      "are customers in an internal canary",
      { exposure: { plan: [{ stage: "internal-canary", audience: "low-risk" }] } },
      "internal-canary",
      ["blocked", "audience low-risk is not internal, so it cannot be the internal canary", "exposure.plan.0"],
    ],
    [
      "have exclusions that nobody defined",
      planned("low-risk", ["gone", "lost"]),
      "customer-canary",
      ["blocked", "the policy defines no exclusion gone, lost", "exposure.excluded"],
    ],
    [
      "have exclusions that exclude nobody",
      planned("low-risk", ["nobody", "nowhere"]),
      "customer-canary",
      ["blocked", "exclusion nobody, nowhere excludes nobody: it has no segment, where or safe", "exposure.excluded"],
    ],
  ])("%s", (_name, written, stage, [state, text, field]) => {
    expect(lookAtAudiences(contextOf(written, { policy }), stage)).toEqual({ state, text, field: field ?? null });
  });
});

describe("the soak before the customer canary", () => {
  const internal = (over: Partial<LiveState> = {}): Partial<GateContext> => ({
    live: buildLive(over),
    liveStage: "internal-canary",
  });
  const paused = { at: "2026-06-14T10:00:00.000Z", by: "ada", reason: "latency" };
  it.each<[string, Partial<GateContext>, Stage, [state: string, text: string] | null]>([
    ["is over", internal(), "customer-canary", ["ok", "internal-canary has soaked 48 h"]],
    [
      "is not over",
      internal({ soakedMs: 3_600_000 }),
      "customer-canary",
      ["waiting", "internal-canary has soaked 1 h of 24 h"],
    ],
    [
      "is over in the moment that it is as long as wanted",
      internal({ soakedMs: 24 * 3_600_000 }),
      "customer-canary",
      ["ok", "internal-canary has soaked 24 h"],
    ],
    [
      "is held by a pause",
      internal({ paused }),
      "customer-canary",
      ["waiting", "the rollout is paused since 2026-06-14T10:00:00.000Z by ada: latency"],
    ],
    [
      "has not begun while nothing is live",
      {},
      "customer-canary",
      ["waiting", "internal-canary must be live and soaked first; live is no stage of this candidate"],
    ],
    [
      "has not begun while another candidate is live",
      { live: buildLive(), liveStage: null },
      "customer-canary",
      ["waiting", "internal-canary must be live and soaked first; live is no stage of this candidate"],
    ],
    [
      "has not begun while an earlier stage is live",
      { live: buildLive({ stage: "shadow" }), liveStage: "shadow" },
      "customer-canary",
      ["waiting", "internal-canary must be live and soaked first; live is shadow"],
    ],
    [
      "of a stage in steps waits for the last step",
      { live: buildLive({ stage: "customer-canary", step: 1 }), liveStage: "customer-canary" },
      "ab-comparison",
      ["waiting", "customer-canary is in step 2 of 3"],
    ],
    [
      "of a stage in its last step",
      { live: buildLive({ stage: "customer-canary", step: 2 }), liveStage: "customer-canary" },
      "ab-comparison",
      ["ok", "customer-canary has soaked 48 h"],
    ],
    [
      "is not asked for while exposure does not grow",
      { ...internal({ soakedMs: 0 }), isGrowing: false },
      "customer-canary",
      null,
    ],
    ["is not asked for the stage that is live", internal({ soakedMs: 0 }), "internal-canary", null],
    ["is not asked for the first stage", {}, "internal-canary", null],
  ])("%s", (_name, over, stage, expected) => {
    const found = lookAtSoak(contextOf({}, over), stage);
    expect(found === null ? null : [found.state, found.text]).toEqual(expected);
  });
});
