/** Something that can be chosen to meet needs. */
export interface CoverItem {
  /** Positions of the needs that it meets; where there are several, one of them. */
  variants: readonly (readonly number[])[];
  /** How much of one need it meets at most. */
  capacity: number;
  /** 0: it is there already; 1: it has to be asked. */
  cost: 0 | 1;
}

export interface Cover {
  /** Positions of the chosen items, rising. */
  chosen: readonly number[];
  /** Positions of the needs that stay unmet. */
  uncovered: readonly number[];
}

/** Steps of the exact search; more are never needed with the roles of one pull request, and a cut search is still a cover. */
const stepLimit = 20_000;

/**
 * The least set of items that meets all needs, items without cost first, equal sets in the order of the items. Exact within
 * `stepLimit`; beyond it, or when not everything can be met, the item that meets most is taken again and again, the first of equal ones.
 *
 * @param room how many items with a cost may be chosen
 */
export function chooseCover(needs: readonly number[], items: readonly CoverItem[], room: number): Cover {
  const budget = { steps: stepLimit };
  const most = Math.min(room, items.filter(({ cost }) => cost === 1).length);
  const canMeetAll = needs.every((need, position) => need <= sumCapacity(items, position));
  if (!canMeetAll) return coverGreedily(needs, items, room);
  for (let cost = 0; cost <= most && budget.steps > 0; cost += 1) {
    const chosen = searchCover(needs, items, cost, [], budget);
    if (chosen !== null) return { chosen: [...chosen].sort((a, b) => a - b), uncovered: [] };
  }
  return coverGreedily(needs, items, room);
}

function sumCapacity(items: readonly CoverItem[], need: number): number {
  return items.reduce(
    (sum, { variants, capacity }) => sum + (variants.some((meets) => meets.includes(need)) ? capacity : 0),
    0,
  );
}

function searchCover(
  left: readonly number[],
  items: readonly CoverItem[],
  cost: number,
  chosen: readonly number[],
  budget: { steps: number },
): readonly number[] | null {
  const open = left.findIndex((need) => need > 0);
  if (open < 0) return chosen;
  for (const [position, item] of items.entries()) {
    if (item.cost > cost || chosen.includes(position)) continue;
    for (const meets of item.variants) {
      if (!meets.includes(open)) continue;
      budget.steps -= 1;
      if (budget.steps <= 0) return null;
      const found = searchCover(
        meet(left, meets, item.capacity),
        items,
        cost - item.cost,
        [...chosen, position],
        budget,
      );
      if (found !== null) return found;
    }
  }
  return null;
}

function meet(left: readonly number[], meets: readonly number[], capacity: number): number[] {
  return left.map((need, position) => (meets.includes(position) ? Math.max(0, need - capacity) : need));
}

function coverGreedily(needs: readonly number[], items: readonly CoverItem[], room: number): Cover {
  let left: readonly number[] = needs;
  let free = room;
  const chosen = new Set<number>();
  for (;;) {
    let best: { position: number; left: readonly number[]; gain: number } | null = null;
    for (const [position, item] of items.entries()) {
      if (chosen.has(position) || item.cost > free) continue;
      for (const meets of item.variants) {
        const next = meet(left, meets, item.capacity);
        const gain = sum(left) - sum(next);
        if (gain > (best?.gain ?? 0)) best = { position, left: next, gain };
      }
    }
    if (best === null) break;
    chosen.add(best.position);
    free -= items[best.position]?.cost ?? 0;
    left = best.left;
  }
  return {
    chosen: [...chosen].sort((a, b) => a - b),
    uncovered: left.flatMap((need, position) => (need > 0 ? [position] : [])),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
