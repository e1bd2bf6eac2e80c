import { z } from "zod";
import { computeBucket } from "../../core/rollout/bucket.ts";

/** A user of the support desk. */
export interface TrafficUser {
  key: string;
  attributes: Readonly<Record<string, string>>;
  segment: "" | "priority";
}

/** What the service answered, as far as the story counts it. */
export interface TrafficCount {
  baseline: number;
  candidate: number;
  shadow: number;
  /** Questions by the digest of the bundle that answered them. */
  byDigest: Map<string, number>;
}

const answerSchema = z.object({
  id: z.string(),
  variation: z.enum(["baseline", "candidate", "shadow"]),
  digest: z.string(),
});

/** Questions that are open at the same time. */
const openQuestions = 32;

/**
 * Accounts spread evenly over FeatBit's line from 0 to 1, so that a share of 5 % holds exactly 5 % of them and the arms of a
 * comparison are as large as they should be.
 */
function spreadAccounts(flagKey: string, count: number, prefix: string): readonly string[] {
  const places = new Map<number, string>();
  for (let number = 1_000; places.size < count; number += 1) {
    const account = `${prefix}-${number}`;
    const place = Math.floor(computeBucket(`${flagKey}${account}`) * count);
    if (!places.has(place)) places.set(place, account);
  }
  return [...places].toSorted(([a], [b]) => a - b).map(([, account]) => account);
}

/** The people who ask: staff, low-risk and other accounts, and some whom every stage must leave out. */
export function createTrafficUsers(flagKey: string): readonly TrafficUser[] {
  const users: TrafficUser[] = [];
  const add = (key: string, attributes: Record<string, string>): void =>
    void users.push({ key, attributes, segment: users.length % 2 === 0 ? "priority" : "" });
  for (let number = 1; number <= 7; number += 1)
    add(`staff-${number}`, { team: "support", region: "eu", accountId: `staff-${number}` });
  for (const account of spreadAccounts(flagKey, 80, "low"))
    add(account, { riskTier: "low", region: "eu", accountId: account });
  for (const account of spreadAccounts(flagKey, 125, "other"))
    add(account, { riskTier: "high", region: "us", accountId: account });
  for (let number = 1; number <= 12; number += 1) add(`nowhere-${number}`, { riskTier: "low", accountId: "nowhere" });
  add("legal-review-account", { team: "support", region: "eu", accountId: "legal" });
  return users;
}

/** People who use the example service. */
export interface Traffic {
  /** Everybody asks one question and says what became of it. */
  run(): Promise<TrafficCount>;
}

/**
 * @param url the service's address
 */
export function createTraffic(url: string, users: readonly TrafficUser[]): Traffic {
  /** How many conversations each variation had with customers, to spread the ones that are handed over to a person. */
  const had = { baseline: 0, candidate: 0 };

  const post = async (path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`the example service answered ${path} with ${response.status}`);
    return response.json();
  };

  return {
    async run() {
      const count: TrafficCount = { baseline: 0, candidate: 0, shadow: 0, byDigest: new Map() };
      const feedback: { id: string; accepted: boolean; escalated: boolean }[] = [];
      const waiting = users.values();
      const ask = async (): Promise<void> => {
        for (const { key, attributes, segment } of waiting) {
          const question = { question: "How do I change my plan?", user: { key, attributes }, segment };
          const { id, variation, digest } = answerSchema.parse(await post("/answer", question));
          count[variation] += 1;
          count.byDigest.set(digest, (count.byDigest.get(digest) ?? 0) + 1);
          const arm = variation === "candidate" ? "candidate" : "baseline";
          // The story's candidate needs a person a little less often than the baseline.
          const isCustomer = attributes["team"] === undefined && (arm === "baseline" || segment === "");
          if (isCustomer) had[arm] += 1;
          const escalated = isCustomer && had[arm] % (arm === "baseline" ? 16 : 40) === 0;
          feedback.push({ id, accepted: !escalated, escalated });
        }
      };
      await Promise.all(Array.from({ length: openQuestions }, ask));
      await post("/feedback", feedback);
      return count;
    },
  };
}
