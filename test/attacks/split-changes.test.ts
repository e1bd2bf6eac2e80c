import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atLeast, tiers, worstOf, type Tier } from "../../src/core/scales.ts";
import {
  buildApproved,
  buildLatch,
  buildLive,
  writeBundle,
  writeRecord,
  writeStatus,
  writtenGuardrails,
  writtenPlan,
  type Written,
} from "../../src/core/verdict/test-builders.ts";
import { askFor, canary, claude, customers, empty, gpt, merge, settled, type Asked, type House } from "./house.ts";

const profile = { pricing: { inputPerMTok: 1.1 }, latency: { p95Ms: 1100 } };
const priced = (inputPerMTok: number): Written =>
  writeRecord({ baseline: writeBundle(profile), candidate: { ...gpt, ...profile, pricing: { inputPerMTok } } });
const slow = (p95Ms: number, status = "approved-for-internal-canary"): Written =>
  writeRecord({
    ...writeStatus(status),
    baseline: writeBundle(profile),
    candidate: { ...gpt, ...profile, latency: { p95Ms } },
  });

describe("splitting a change into several pull requests lowers nothing", () => {
  it.each<[string, House, readonly Written[], Partial<Asked>]>([
    [
      "a family that a draft brings in is high when it is exposed",
      settled(writeRecord({ candidate: claude }), { live: null, latch: buildLatch({ cause: "command" }) }),
      [
        writeRecord({ ...writeStatus("rolled-back"), candidate: claude }),
        writeRecord(writeStatus("draft")),
        writeRecord(),
      ],
      { tier: "high" },
    ],
    [
      "a data class that a draft drops is restricted when the rest is exposed",
      settled(writeRecord({ ...writeStatus("draft"), dataClasses: ["regulated"] })),
      [writeRecord({ ...writeStatus("draft"), dataClasses: ["public"] }), writeRecord({ dataClasses: ["public"] })],
      { tier: "restricted" },
    ],
    [
      "a data class that goes over three drafts is restricted too",
      settled(writeRecord({ ...writeStatus("draft"), dataClasses: ["regulated"] })),
      [
        writeRecord({ ...writeStatus("draft"), dataClasses: ["regulated", "public"] }),
        writeRecord({ ...writeStatus("draft"), dataClasses: undefined }),
        writeRecord({ ...writeStatus("draft"), dataClasses: ["public"] }),
        writeRecord({ dataClasses: ["public"] }),
      ],
      { tier: "restricted" },
    ],
    [
      "a guardrail that a draft loosens is high when it is exposed",
      settled(writeRecord(writeStatus("draft"))),
      [
        writeRecord({ ...writeStatus("draft"), guardrails: writtenGuardrails.slice(1) }),
        writeRecord({ guardrails: writtenGuardrails.slice(1) }),
      ],
      { tier: "high" },
    ],
    [
      "a baseline that is exchanged while the route is retired and its flag gone is high when it comes back",
      settled(writeRecord(writeStatus("retired")), {
        approved: {
          ...buildApproved(writeRecord(writeStatus("retired"))),
          earlier: [buildApproved(writeRecord(customers))],
        },
      }),
      [
        writeRecord({ ...writeStatus("retired"), baseline: claude, candidate: undefined }),
        writeRecord({ ...writeStatus("draft"), baseline: claude, candidate: { ...claude, timeoutMs: 9000 } }),
        writeRecord({ ...canary, baseline: claude, candidate: { ...claude, timeoutMs: 9000 } }),
      ],
      { tier: "high" },
    ],
    [
      "a risk that a draft leaves out still asks for its role",
      settled(writeRecord({ ...writeStatus("draft"), risks: { cost: "longer prompts" } })),
      [writeRecord(writeStatus("draft")), writeRecord()],
      {},
    ],
    [
      "a candidate that a draft brought in is still new to whoever answers for quality",
      empty,
      [
        writeRecord({ ...writeStatus("draft"), candidate: writeBundle({ timeoutMs: 9000 }) }),
        writeRecord({ candidate: writeBundle({ timeoutMs: 9000 }) }),
      ],
      {},
    ],
    [
      "a price that creeps in steps of eight per cent is a change of cost when it is beyond ten",
      settled(priced(1.2)),
      [priced(1.11), priced(1.02)],
      { tier: "high" },
    ],
    [
      "a latency that creeps is a change of latency, over a draft too",
      settled(slow(1200), { latch: buildLatch({ cause: "command" }) }),
      [slow(1110), slow(1105, "rolled-back"), slow(1104, "draft"), slow(1020)],
      { tier: "high" },
    ],
  ])("%s", (_name, start, steps, expected) => {
    const end = steps.at(-1) ?? {};
    const atOnce = askFor(start, end);
    let house = start;
    const asked: Asked[] = [];
    for (const step of steps) {
      asked.push(askFor(house, step));
      house = merge(house, step);
    }
    const highest = worstOf(
      tiers,
      asked.map(({ tier }) => tier),
      "low",
    );
    expect({ tier: highest }).toMatchObject(expected);
    expect(atLeast(tiers, highest, atOnce.tier)).toBe(true);
    expect(asked.flatMap(({ roles }) => roles)).toEqual(expect.arrayContaining([...atOnce.roles]));
  });

  const choices: readonly (readonly Written[])[] = [
    [
      { candidate: gpt },
      { candidate: claude },
      { candidate: { ...gpt, ...profile } },
      { candidate: writeBundle({ region: "us", timeoutMs: 1 }) },
    ],
    [{ dataClasses: ["public"] }, { dataClasses: ["public", "regulated"] }, { dataClasses: undefined }],
    [{ guardrails: writtenGuardrails }, { guardrails: writtenGuardrails.slice(2) }],
    [{ risks: {} }, { risks: { cost: "more" } }, { risks: { safety: "new", latency: "slower" } }],
    [{ rollback: { defaultVariation: "baseline", owner: "platform" } }, { rollback: undefined }],
    [
      { exposure: { plan: writtenPlan, excluded: ["regulated-region"] } },
      { exposure: { plan: writtenPlan, excluded: [] } },
      { exposure: { plan: writtenPlan.slice(1), excluded: ["regulated-region"] } },
    ],
    [{ workflow: "support-answer" }, { workflow: "billing" }],
    [
      "draft",
      "approved-for-testing",
      "approved-for-internal-canary",
      "approved-for-customer-canary",
      "rolled-back",
    ].map(writeStatus),
  ];
  const record = fc
    .tuple(...choices.map((options) => fc.constantFrom(...options)))
    .map((parts) => writeRecord(Object.assign({}, ...parts) as Written));

  it("whatever the pull requests on the way, the highest requirement is that of the change at once", () => {
    let compared = 0;
    fc.assert(
      fc.property(
        fc.option(record, { nil: null }),
        fc.array(record, { minLength: 1, maxLength: 4 }),
        record,
        fc.constantFrom(null, "internal-canary" as const, "customer-canary" as const),
        (first, way, end, stage) => {
          const live = first === null || stage === null ? null : buildLive({ stage });
          const start = first === null ? empty : settled(first, { live });
          const atOnce = askFor(start, end);
          if (atOnce.problems.length > 0) return;
          let house = start;
          let tier: Tier = "low";
          const roles = new Set<string>();
          for (const step of [...way, end]) {
            const asked = askFor(house, step);
            // What is forbidden cannot be merged, so this is no way at all.
            if (asked.problems.length > 0) return;
            tier = worstOf(tiers, [tier, asked.tier], "low");
            for (const role of asked.roles) roles.add(role);
            house = merge(house, step);
          }
          compared += 1;
          expect(atLeast(tiers, tier, atOnce.tier), `${tier} instead of ${atOnce.tier}: ${atOnce.rules.join()}`).toBe(
            true,
          );
          // The file's owner stands in where no rule asks for a role.
          expect(atOnce.roles.filter((role) => role !== "file-owner" && !roles.has(role))).toEqual([]);
        },
      ),
      { numRuns: 120, seed: 11 },
    );
    expect(compared).toBeGreaterThan(40);
  });
});
