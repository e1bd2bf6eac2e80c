import { sideOfRole } from "./role-side.ts";

/** A place to fill: a role with the number of different people it wants. */
export interface RoleSlot {
  role: string;
  count: number;
}

/** Somebody whose approval counts, with the slots (positions) that they own. */
export interface RoleCandidate {
  id: number;
  slots: readonly number[];
}

/**
 * More combinations than this are not looked at; with the seven roles of SPEC 6 and counts up to three it is never
 * reached. Beyond it the best found so far stands, which can only leave a role waiting that somebody could fill.
 */
const combinationLimit = 20_000;

/**
 * Who fills what (SPEC 7). Without separation everybody fills all slots they own. With it one person fills slots of one
 * side only, and of all ways to choose the sides the one is taken that satisfies most slots, then fills most places; among
 * equals people with lower ids stay on the quality side. Exact: every reachable count of filled places is followed.
 *
 * @returns for each slot the ids of the people who fill it, rising
 */
export function assignRoles(
  slots: readonly RoleSlot[],
  candidates: readonly RoleCandidate[],
  separate: boolean,
): readonly (readonly number[])[] {
  const ordered = [...candidates].sort((a, b) => a.id - b.id);
  const onlyQuality = (slot: number): boolean => sideOfRole(slots[slot]?.role ?? "") !== "production";
  const onlyProduction = (slot: number): boolean => sideOfRole(slots[slot]?.role ?? "") !== "quality";
  const isTorn = (candidate: RoleCandidate): boolean =>
    separate && !candidate.slots.every(onlyQuality) && !candidate.slots.every(onlyProduction);

  const settled = ordered.filter((candidate) => !isTorn(candidate));
  const torn = ordered.filter(isTorn);
  const choices = torn.map((candidate) => [
    { id: candidate.id, slots: candidate.slots.filter(onlyQuality) },
    { id: candidate.id, slots: candidate.slots.filter(onlyProduction) },
  ]);
  const chosen = chooseSides(slots, settled, choices);
  return slots.map((_, slot) =>
    [...settled, ...chosen]
      .filter((candidate) => candidate.slots.includes(slot))
      .map((candidate) => candidate.id)
      .sort((a, b) => a - b),
  );
}

/** How far the slots are filled, each no further than its count, and the choices that led there. */
interface Reached {
  filled: readonly number[];
  last: { candidate: RoleCandidate; before: Reached } | null;
}

function chooseSides(
  slots: readonly RoleSlot[],
  settled: readonly RoleCandidate[],
  choices: readonly (readonly RoleCandidate[])[],
): RoleCandidate[] {
  const start = settled.reduce(
    (filled, candidate) => fill(slots, filled, candidate),
    slots.map(() => 0),
  );
  let reached = new Map<string, Reached>([[start.join(), { filled: start, last: null }]]);
  for (const choice of choices) {
    const next = new Map<string, Reached>();
    for (const before of reached.values()) {
      for (const candidate of choice) {
        const filled = fill(slots, before.filled, candidate);
        const key = filled.join();
        if (!next.has(key) && next.size < combinationLimit) next.set(key, { filled, last: { candidate, before } });
      }
    }
    reached = next;
  }

  let best: Reached | null = null;
  for (const candidate of reached.values()) {
    if (best === null || compareReached(slots, candidate, best) > 0) best = candidate;
  }
  const chosen: RoleCandidate[] = [];
  for (let step = best?.last ?? null; step !== null; step = step.before.last) chosen.push(step.candidate);
  return chosen;
}

function fill(slots: readonly RoleSlot[], filled: readonly number[], candidate: RoleCandidate): number[] {
  return filled.map((count, slot) =>
    candidate.slots.includes(slot) ? Math.min(count + 1, slots[slot]?.count ?? 0) : count,
  );
}

function compareReached(slots: readonly RoleSlot[], a: Reached, b: Reached): number {
  const satisfied = ({ filled }: Reached): number =>
    filled.filter((count, slot) => count >= (slots[slot]?.count ?? 0)).length;
  const places = ({ filled }: Reached): number => filled.reduce((sum, count) => sum + count, 0);
  return satisfied(a) - satisfied(b) || places(a) - places(b);
}
