import type { Verdict } from "./verdict.ts";

/** One pull request of a merge-queue group, judged on the commit that the group makes of it. */
export interface GroupMember {
  number: number;
  /** Null when it could not be judged; then `hindrances` say why. */
  verdict: Verdict | null;
  /** Why it does not hold whatever its verdict says; plain sentences. */
  hindrances: readonly string[];
}

/** How one member stands in its group. */
export interface GroupMemberVerdict {
  number: number;
  holds: boolean;
  verdict: Verdict | null;
  /** Why it does not hold; plain sentences, not yet escaped. Empty when it holds. */
  reasons: readonly string[];
}

export interface GroupVerdict {
  /** Every member holds, and there is one. */
  holds: boolean;
  members: readonly GroupMemberVerdict[];
}

const mostReasons = 10;

/** A policy in mode `report` hinders nothing, on a pull request as in a group (SPEC 3). */
function isLetThrough({ state, mode }: Verdict): boolean {
  return mode === "report" || state === "approved" || state === "not-applicable";
}

/**
 * Whether a group of a merge queue may be merged: only when each of its members may (SPEC 7). A member whose routes stand
 * behind a change of the rules in the same group is not judged by rules that are about to be others.
 *
 * @param members in the order in which they would be merged
 */
export function judgeGroup(members: readonly GroupMember[]): GroupVerdict {
  const judged = members.map(({ number, verdict, hindrances }, index): GroupMemberVerdict => {
    const ruler = members.slice(0, index).find((ahead) => ahead.verdict !== null && ahead.verdict.governance !== null);
    const isRuled = verdict !== null && verdict.state !== "not-applicable" && ruler !== undefined;
    const reasons = [
      ...hindrances,
      ...(isRuled
        ? [`pull request ${ruler.number} changes the rules just ahead of it: queue it again when that is merged`]
        : []),
      ...(verdict === null || isLetThrough(verdict) ? [] : [verdict.title, ...verdict.next.slice(0, mostReasons)]),
    ];
    return { number, holds: verdict !== null && reasons.length === 0, verdict, reasons };
  });
  return { holds: judged.length > 0 && judged.every(({ holds }) => holds), members: judged };
}
