import { computeBucket } from "../../core/rollout/bucket.ts";
import { parseRouteFile } from "../../core/routes/parse-route-file.ts";
import { resolveRoute } from "../../core/routes/resolve-route.ts";
import type { RunningBot } from "../bot/start-bot.ts";
import { people, readExample, speakerOf, type World } from "./build-world.ts";
import type { Narrator } from "./narrate.ts";
import type { StoryClock } from "./run-demo.ts";
import type { DemoUser, ServedTable } from "./served-table.ts";
import type { Actors } from "./stage.ts";
import type { StoryTraffic } from "./story-traffic.ts";

export interface StoryParts {
  world: World;
  bot: RunningBot;
  narrator: Narrator;
  clock: StoryClock;
  traffic: StoryTraffic;
  folder: string;
}

export const flagKey = "support_answer_model_route";
export const binding = "acme-production";
export const routePath = "model-routes/support/support-answer.yaml";
const promptPath = "prompts/support/v3.md";

/** What the users of the table were served at one moment. */
export interface ServedColumn {
  when: string;
  served: readonly string[];
}

export interface Story extends StoryParts {
  actors: Actors;
  served: ServedTable;
  users: readonly DemoUser[];
  /** Moments that were not shown in a table yet. */
  columns: ServedColumn[];
}

/** The story must not go on over a thing that did not happen. */
export function expectThat(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`expected: ${what}`);
}

/** An account whose bucket lies in the given part of the line, so that the table shows both sides of a share. */
function findAccount(from: number, to: number): string {
  for (let number = 1000; ; number += 1) {
    const account = `acct-${number}`;
    const bucket = computeBucket(`${flagKey}${account}`);
    if (bucket > from && bucket < to) return account;
  }
}

export function createUsers(): readonly DemoUser[] {
  const few = findAccount(0.001, 0.04);
  const many = findAccount(0.5, 0.9);
  return [
    { who: "Sam, support team", key: "sam", attributes: { team: "support", region: "eu", accountId: "acct-internal" } },
    {
      who: "low-risk account in the first 5 %",
      key: "lena",
      attributes: { riskTier: "low", region: "eu", accountId: few },
    },
    { who: "low-risk account outside it", key: "otto", attributes: { riskTier: "low", region: "eu", accountId: many } },
    { who: "the same 5 %, region unknown", key: "rex", attributes: { riskTier: "low", accountId: few } },
    {
      who: "support team, legal review",
      key: "legal-review-account",
      attributes: { team: "support", region: "eu", accountId: few },
    },
    { who: "high-risk account", key: "hugo", attributes: { riskTier: "high", region: "us", accountId: few } },
  ];
}

/** What `routeward digest` says of the candidate of the story. */
export function digestOfCandidate(world: World): string {
  const text = readExample("support-answer-full.yaml");
  const prompt = world.github.readFile({ repo: world.repo, ref: "main", path: promptPath }) ?? "";
  const file = parseRouteFile(routePath, { kind: "text", text });
  if (!file.ok) throw new Error("the example cannot be parsed");
  const { candidateDigest } = resolveRoute(file.value, {
    commit: "",
    complete: true,
    entries: [{ path: promptPath, mode: "file", oid: "", size: prompt.length }],
    contents: { [promptPath]: { kind: "text", text: prompt } },
  });
  if (candidateDigest === null) throw new Error("the example's candidate has no digest");
  return candidateDigest;
}

/** Keeps what everybody is served now for the next table. */
export async function rememberServed(story: Story, when: string): Promise<readonly string[]> {
  const served = await story.served.read(story.users);
  story.columns.push({ when, served });
  return served;
}

/** The table of who is served what, one column for each moment since the last one. */
export function showServed({ narrator, users, columns }: Story): void {
  narrator.table(
    ["who asks", ...columns.map(({ when }) => when)],
    users.map(({ who }, index) => [who, ...columns.map(({ served }) => served[index]?.replace(/ at .*$/, "") ?? "")]),
  );
  columns.length = 0;
}

export function showAsked({ narrator, actors }: Story, number: number): void {
  narrator.say(
    `Asked on GitHub: ${actors.asked(number).join(", ") || "nobody"}. The card says for which role and why.`,
  );
}

/** One section of a card, from its heading to the next. */
export function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(heading);
  const end = text.indexOf("\n### ", start);
  return start === -1 ? "" : text.slice(start, end === -1 ? undefined : end);
}

/** What a card says of reviews that no longer count. */
export function reviewsWithout(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.includes("does not count: "))
    .join("\n");
}

const firstApprovers = [people.product, people.platform] as const;

/** The people behind everything that GitHub was asked for, one for each team. */
export function approversFor(story: Story, number: number): readonly string[] {
  const asked = story.actors.asked(number).map(speakerOf);
  return [...new Set([...firstApprovers, ...asked])];
}
