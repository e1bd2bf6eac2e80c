import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildWorld, people, readExample, speakerOf, type World } from "../../src/apps/demo/build-world.ts";
import { answerQuery } from "../../src/apps/demo/metrics-of-story.ts";
import { type Actors, createActors } from "../../src/apps/demo/stage.ts";
import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { resolveRoute } from "../../src/core/routes/resolve-route.ts";
import { countOpenJobs, findFreePort } from "./app-process.ts";

export const flagKey = "support_answer_model_route";
export const bindingName = "acme-production";
const routePath = "model-routes/support/support-answer.yaml";
const evidencePath = "model-routes/evidence/offline-eval-1.yaml";
const digestOfDataset = `sha256:${"ab".repeat(32)}`;

/** The example's policy without what depends on the day. */
export function renderPolicy(): string {
  const policy = readExample("routeward.yml");
  const from = policy.indexOf("freeze:");
  const to = policy.indexOf("onBreach:");
  return policy.slice(0, from) + policy.slice(to);
}

/** A change of medium risk at most, so that nothing needs a workflow run or a rehearsal. */
function renderRoute(status: string, evidence: readonly string[]): string {
  const bundle = (timeoutMs: number): string =>
    `{ provider: openai, model: gpt-4o-2024-08-06, region: eu, promptVersion: support-v3, prompt: prompts/support/v3.md, parameters: { temperature: 0.2 }, timeoutMs: ${timeoutMs}, maxRetries: 1, fallback: baseline-search }`;
  return [
    "model_change:",
    `  flagKey: ${flagKey}`,
    "  workflow: support-answer",
    "  owner: support-ai-platform",
    "  dataClasses: [public]",
    `  baseline: ${bundle(8000)}`,
    `  candidate: ${bundle(9000)}`,
    `  approval: { status: ${status}, evidence: [${evidence.join(", ")}] }`,
    "  guardrails:",
    '    - { name: answer quality, category: quality, metric: rubric-score, threshold: ">= 0.85", window: 24h, minSamples: 200 }',
    "  exposure:",
    "    plan:",
    "      - { stage: internal-canary, audience: internal-support, soak: 24h }",
    "      - { stage: default }",
    "    excluded: [enterprise-legal-review]",
    "  rollback: { defaultVariation: baseline, owner: ai-platform-owner }",
    "",
  ].join("\n");
}

function renderEvidence({ world }: StoryWorld): string {
  const prompt = world.github.readFile({ repo: world.repo, ref: "main", path: "prompts/support/v3.md" }) ?? "";
  const file = parseRouteFile(routePath, { kind: "text", text: renderRoute("approved-for-testing", []) });
  if (!file.ok) throw new Error("the story's route cannot be parsed");
  const path = "prompts/support/v3.md";
  const { candidateDigest } = resolveRoute(file.value, {
    commit: "",
    complete: true,
    entries: [{ path, mode: "file", oid: "", size: prompt.length }],
    contents: { [path]: { kind: "text", text: prompt } },
  });
  return [
    "id: offline-eval-1",
    "kind: offline-eval",
    `bundle: ${candidateDigest ?? ""}`,
    `dataset: { name: support-golden-2026-06, digest: ${digestOfDataset}, size: 240 }`,
    "grader: rubric-v2",
    'threshold: ">= 0.85"',
    "result: 0.91",
    `producedAt: ${new Date(Date.now() - 3_600_000).toISOString()}`,
    "",
  ].join("\n");
}

/** A world in a folder of its own, the address under which its app is found, and the people. */
export interface StoryWorld {
  world: World;
  folder: string;
  url: string;
  /** The app's environment: exactly what `docs/operation.md` lists, without a pause between writes. */
  env: Readonly<Record<string, string>>;
  actors: Actors;
  /** Resolves when neither GitHub nor the app has anything left to do, through however many restarts. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** @param more further variables of the app */
export async function openStoryWorld(more: Readonly<Record<string, string>> = {}): Promise<StoryWorld> {
  const folder = mkdtempSync(join(tmpdir(), "routeward-app-"));
  const port = await findFreePort();
  const world = await buildWorld(folder, {
    answer: answerQuery,
    now: () => new Date(),
    policy: renderPolicy(),
    port,
  });
  const url = `http://127.0.0.1:${port}`;
  world.github.setWebhookUrl({ appId: world.appId, url: `${url}/api/github/webhooks` });
  const countRequests = (): number => world.github.server.log.length + world.featbit.api.log.length;
  const settle = async (): Promise<void> => {
    const deadline = performance.now() + 180_000;
    // Twice in a row, with nothing asked of the outside in between: a restart or a sweep may be about to begin.
    for (let quiet = 0; quiet < 2;) {
      if (performance.now() > deadline)
        throw new Error(
          `the app did not come to rest within three minutes (open jobs: ${String(await countOpenJobs(url))})`,
        );
      const before = countRequests();
      await world.github.waitForDeliveries(30_000);
      await sleep(40);
      const open = await countOpenJobs(url);
      quiet = open === 0 && countRequests() === before ? quiet + 1 : 0;
    }
  };
  return {
    world,
    folder,
    url,
    env: { ...world.env, GITHUB_PACE: "unpaced", LOG_LEVEL: "debug", ...more },
    actors: createActors(world, { queue: { waitUntilIdle: settle } }),
    settle,
    async close() {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One thing that a person does; the app's work follows from it. */
export interface StoryStep {
  name: string;
  act(story: StoryWorld): void;
}

/** Everybody who is asked approves. */
export function approveAll({ world, actors }: StoryWorld, number: number): void {
  const asked = actors.asked(number).map(speakerOf);
  for (const login of new Set(asked)) world.github.review({ repo: world.repo, number, by: login, event: "APPROVE" });
}

/** The release owner merges. @throws Error when GitHub refuses */
export function merge({ actors }: StoryWorld, number: number): void {
  const merged = actors.tryMerge(people.release, number);
  if (!merged.merged)
    throw new Error(`GitHub refused to merge #${number}: ${merged.why}\n${actors.check(number).title}`);
}

function open(story: StoryWorld, branch: string, status: string, more: Record<string, string>): void {
  const evidence = Object.keys(more).length === 0 ? [] : ["offline-eval-1"];
  story.actors.push(people.author, branch, status, { [routePath]: renderRoute(status, evidence), ...more });
  story.actors.openPull(people.author, branch, `Support answers: ${status}`);
}

/** From the first pull request to the rollback, with rehearsals on both flags, a pause and a merge that nobody approved. */
export const story: readonly StoryStep[] = [
  { name: "opens #1 for testing", act: (world) => open(world, "testing", "approved-for-testing", {}) },
  {
    name: "rehearses #1 on the disposable flag",
    act: ({ actors }) => actors.comment(people.platform, 1, "/routeward rehearse"),
  },
  { name: "approves #1", act: (world) => approveAll(world, 1) },
  { name: "merges #1", act: (world) => merge(world, 1) },
  {
    name: "opens #2 for the internal canary",
    act: (world) => {
      open(world, "canary", "approved-for-internal-canary", { [evidencePath]: renderEvidence(world) });
    },
  },
  {
    name: "rehearses #2, whose candidate is live, on the live flag",
    act: ({ actors }) => actors.comment(people.platform, 2, "/routeward rehearse"),
  },
  { name: "approves #2", act: (world) => approveAll(world, 2) },
  { name: "merges #2", act: (world) => merge(world, 2) },
  {
    name: "pauses",
    act: ({ actors }) => actors.comment(people.release, 2, "/routeward pause"),
  },
  {
    name: "rolls back",
    act: ({ actors }) => actors.comment(people.release, 2, "/routeward rollback answers cite the wrong page"),
  },
  {
    name: "opens #3 for the internal canary again",
    act: (world) =>
      open(world, "again", "approved-for-internal-canary", {
        [evidencePath]: `${renderEvidence(world)}# measured again\n`,
      }),
  },
  {
    name: "merges #3 past the check",
    act: ({ world }) => {
      world.github.mergePull({ repo: world.repo, number: 3, by: people.release, method: "squash", bypass: true });
    },
  },
];

/** The step of that name. */
export function findStep(name: string): (typeof story)[number] {
  const step = story.find((candidate) => candidate.name === name);
  if (step === undefined) throw new Error(`the story has no step "${name}"`);
  return step;
}

/** The story from its beginning to the step of that name, that one included. */
export function storyThrough(name: string): readonly (typeof story)[number][] {
  return story.slice(0, story.indexOf(findStep(name)) + 1);
}
