import { assess } from "../../src/core/assess.ts";
import type { ApprovedRoute, FileFacts, Latch, LiveState } from "../../src/core/facts.ts";
import { rememberApproved } from "../../src/core/risk/remember-approved.ts";
import { isExposingStatus } from "../../src/core/risk/route-comparison.ts";
import { tiers, worstOf, type Tier } from "../../src/core/scales.ts";
import {
  buildApproved,
  buildFacts,
  buildLatch,
  buildLive,
  buildSnapshot,
  namedTexts,
  writeBundle,
  writeFiles,
  writeStatus,
  type Written,
} from "../../src/core/verdict/test-builders.ts";

/** What the repository, the store and FeatBit hold between two pull requests: attacks on SPEC 5 start from it and leave one behind. */
export interface House {
  approved: ApprovedRoute | null;
  /** What the default branch holds, approved or not. */
  branch: Readonly<Record<string, string>>;
  live: LiveState | null;
  latch: Latch | null;
}

/** What a pull request is asked for. */
export interface Asked {
  tier: Tier;
  roles: readonly string[];
  rules: readonly string[];
  /** Codes of problems that no approval cures. */
  problems: readonly string[];
  blocks: readonly string[];
}

export const empty: House = { approved: null, branch: namedTexts, live: null, latch: null };
export const atCustomers = buildLive({ stage: "customer-canary", share: 25 });

/** A house whose last approved content is on the default branch. */
export function settled(written: Written, more: Partial<House> = {}): House {
  return { ...empty, approved: buildApproved(written), branch: writeFiles(written), ...more };
}

export function factsOf(
  house: House,
  files: Readonly<Record<string, string>>,
  changes: Partial<FileFacts> = {},
): FileFacts {
  const { approved, branch, live, latch } = house;
  const names = [...new Set([...Object.keys(branch), ...Object.keys(files)])].sort();
  const touched = names.filter((name) => branch[name] !== files[name]);
  return buildFacts({
    base: buildSnapshot(branch),
    head: buildSnapshot(files),
    changes: {
      complete: true,
      files: touched.map((path) => ({
        path,
        previousPath: null,
        status: path in branch ? (path in files ? "modified" : "removed") : "added",
      })),
    },
    approved: approved === null ? [] : [approved],
    live: live === null ? [] : [live],
    latches: latch === null ? [] : [latch],
    ...changes,
  });
}

/** What is asked of a pull request that would leave these files on the default branch. */
export function ask(house: House, files: Readonly<Record<string, string>>, changes: Partial<FileFacts> = {}): Asked {
  const assessment = assess(factsOf(house, files, changes));
  const { routes, governance, problems } = assessment;
  const judged = [...routes, ...(governance === null ? [] : [governance])];
  return {
    tier: worstOf(
      tiers,
      judged.map((each) => each.classification.tier),
      "low",
    ),
    roles: [...new Set(judged.flatMap((each) => each.requirements.map(({ role }) => role)))].sort(),
    rules: [...new Set(judged.flatMap((each) => each.classification.fired.map(({ id }) => id)))].sort(),
    problems: [...problems, ...judged.flatMap((each) => each.problems)]
      .filter(({ severity }) => severity === "error")
      .map(({ code }) => code),
    blocks: routes.flatMap(({ gates }) => gates.filter(({ state }) => state === "blocked").map(({ gate }) => gate)),
  };
}

export const askFor = (house: House, written: Written): Asked => ask(house, writeFiles(written));

/** The house after an approved merge; FeatBit follows at once where `moves`. */
export function merge(house: House, written: Written): House {
  const next = buildApproved(written);
  const { status } = written["approval"] as { status: string };
  const isBack = ["rolled-back", "rejected", "retired"].includes(status);
  return {
    approved: { ...next, ...rememberApproved(house.approved, next) },
    branch: writeFiles(written),
    live: isBack && house.live !== null ? { ...house.live, stage: null, candidateDigest: null } : house.live,
    latch:
      isBack && house.live !== null ? buildLatch({ cause: "merge" }) : isExposingStatus(status) ? null : house.latch,
  };
}

export const canary = writeStatus("approved-for-internal-canary");
export const customers = writeStatus("approved-for-customer-canary");
export const gpt = writeBundle({ parameters: { temperature: 0.3 } });
export const claude = writeBundle({ provider: "anthropic", model: "claude-sonnet-4-5-20250929" });
