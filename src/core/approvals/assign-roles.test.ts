import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignRoles, type RoleCandidate, type RoleSlot } from "./assign-roles.ts";

const slot = (role: string, count = 1): RoleSlot => ({ role, count });
const person = (id: number, ...slots: number[]): RoleCandidate => ({ id, slots });

describe("who fills what", () => {
  it.each<[string, RoleSlot[], RoleCandidate[], boolean, number[][]]>([
    ["nobody fills nothing", [slot("product-owner")], [], true, [[]]],
    [
      "one person fills roles of both sides where duties are not separated",
      [slot("product-owner"), slot("release-owner")],
      [person(1, 0, 1)],
      false,
      [[1], [1]],
    ],
    [
      "one person fills one side only where they are",
      [slot("product-owner"), slot("release-owner")],
      [person(1, 0, 1)],
      true,
      [[1], []],
    ],
    [
      "several roles of the same side may be one person's",
      [slot("ai-platform-owner"), slot("operations-owner"), slot("release-owner")],
      [person(1, 0, 1, 2)],
      true,
      [[1], [1], [1]],
    ],
    [
      "the side is chosen that satisfies more roles",
      [slot("product-owner"), slot("security-owner"), slot("release-owner")],
      [person(1, 0, 1, 2)],
      true,
      [[], [1], [1]],
    ],
    [
      "a role of the user's own stands on neither side",
      [slot("product-owner"), slot("support-product-owner"), slot("release-owner")],
      [person(1, 0, 1, 2)],
      true,
      [[1], [1], []],
    ],
    [
      "somebody who owns one side only frees the one who owns both",
      [slot("product-owner"), slot("release-owner")],
      [person(1, 0, 1), person(2, 0)],
      true,
      [[2], [1]],
    ],
    [
      "where no side can be satisfied, the side with more places to fill is taken",
      [slot("product-owner", 2), slot("security-owner", 2), slot("release-owner", 2)],
      [person(1, 0, 1, 2)],
      true,
      [[], [1], [1]],
    ],
    [
      "people are named by rising ids, whether or not they could have filled the other side",
      [slot("product-owner"), slot("release-owner", 3)],
      [person(4, 1), person(3, 0, 1), person(2, 0), person(1, 0, 1)],
      true,
      [[2], [1, 3, 4]],
    ],
    [
      "of two who could fill either side, the one with the lower id stays on the quality side",
      [slot("product-owner"), slot("release-owner")],
      [person(2, 0, 1), person(1, 0, 1)],
      true,
      [[1], [2]],
    ],
    ["two approvals need two people", [slot("release-owner", 2)], [person(1, 0), person(2, 0)], true, [[1, 2]]],
  ])("%s", (_name, slots, candidates, separate, expected) => {
    expect(assignRoles(slots, candidates, separate)).toEqual(expected);
  });
});

const quality = new Set(["product-owner", "finance-owner"]);
const production = new Set(["ai-platform-owner", "operations-owner", "security-owner", "release-owner"]);

/** Tries both sides for everybody. */
function countBestByTryingAll(slots: readonly RoleSlot[], candidates: readonly RoleCandidate[]): number {
  let best = 0;
  for (let choice = 0; choice < 2 ** candidates.length; choice += 1) {
    const satisfied = slots.filter(({ role, count }, position) => {
      const filling = candidates.filter(({ slots: owned }, index) => {
        const isQuality = Math.floor(choice / 2 ** index) % 2 === 0;
        return owned.includes(position) && !(isQuality ? production : quality).has(role);
      });
      return filling.length >= count;
    });
    best = Math.max(best, satisfied.length);
  }
  return best;
}

describe("the assignment", () => {
  const roles = fc.uniqueArray(fc.constantFrom(...quality, ...production, "support-owner"), {
    minLength: 1,
    maxLength: 7,
  });
  const slots = roles.chain((names) =>
    fc.tuple(...names.map((role) => fc.integer({ min: 1, max: 3 }).map((count) => ({ role, count })))),
  );
  const problem = slots.chain((slots) =>
    fc.record({
      slots: fc.constant(slots),
      candidates: fc
        .array(fc.subarray(slots.map((_, position) => position)), { maxLength: 8 })
        .map((owned) => owned.map((slots, index) => ({ id: index + 1, slots }))),
    }),
  );

  it("satisfies as many roles as any choice of sides could", () => {
    fc.assert(
      fc.property(problem, ({ slots, candidates }) => {
        const filled = assignRoles(slots, candidates, true);
        const satisfied = slots.filter(({ count }, position) => (filled[position]?.length ?? 0) >= count);
        expect(satisfied).toHaveLength(countBestByTryingAll(slots, candidates));
      }),
      { numRuns: 500 },
    );
  });

  it("puts nobody on both sides, nobody into a role they do not own, and does not depend on the order", () => {
    fc.assert(
      fc.property(problem, ({ slots, candidates }) => {
        const filled = assignRoles(slots, candidates, true);
        for (const { id, slots: owned } of candidates) {
          const fills = slots.flatMap((_, position) => (filled[position]?.includes(id) === true ? [position] : []));
          const names = fills.map((position) => slots[position]?.role ?? "");
          expect(owned).toEqual(expect.arrayContaining(fills));
          expect(names.some((name) => quality.has(name)) && names.some((name) => production.has(name))).toBe(false);
        }
        expect(assignRoles(slots, candidates.toReversed(), true)).toEqual(filled);
      }),
      { numRuns: 300 },
    );
  });

  it("comes to an end with many people and high counts", () => {
    const names = [...quality, ...production];
    const slots = names.map((role) => ({ role, count: 6 }));
    const candidates = Array.from({ length: 60 }, (_, id) => person(id, id % 2, 2 + (id % 4), 2 + ((id >> 2) % 4)));
    expect(assignRoles(slots, candidates, true).every((ids) => ids.length >= 6)).toBe(true);
  });
});
