import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { people, readExample, speakerOf } from "../../src/apps/demo/build-world.ts";
import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { resolveRoute } from "../../src/core/routes/resolve-route.ts";
import { requestCleanup } from "../../src/flows/proposals/request-cleanup.ts";
import { keyOfFlag, latchKind, liveStateKind, proposalKind } from "../../src/flows/records.ts";
import { binding, openStoryWorld, type StoryWorld } from "./story-world.ts";

const repo = "acme/support-routes";
const hourMs = 3_600_000;
/** A second release owner: whoever asks for a promotion does not approve it. */
const secondRelease = "rolf";
const promptPath = "prompts/support/v3.md";

/** The example's rules with a way that leaves out what the other stories show. */
const policy = readExample("routeward.yml").replace(
  "approvals:",
  "stages: { customer-canary: { mayBeSkipped: true }, ab-comparison: { mayBeSkipped: true } }\napprovals:",
);

const pathOf = (flagKey: string): string => `model-routes/support/${flagKey}.yaml`;

/** The full example, from the internal canary straight to the default. */
function routeText(flagKey: string): string {
  return (
    readExample("support-answer-full.yaml")
      .replace("flagKey: support_answer_model_route", `flagKey: ${flagKey} # one flag`)
      .replace(/^ *- \{ stage: customer-canary.*\n *- \{ stage: ab-comparison.*\n/m, "")
      .replace("offline-eval-run-2026-06-11", `eval-${flagKey}`)
      .replace("public, customer", "public")
      // Each flag has a candidate of its own: evidence is about a bundle, whatever flag serves it.
      .replace(/(candidate:[^]*?max_tokens: )800/, `$1${800 + flagKey.length + flagKey.charCodeAt(8)}`)
  );
}

let story: StoryWorld;

function digestOf(text: string): string {
  const prompt = story.world.github.readFile({ repo, ref: "main", path: promptPath }) ?? "";
  const file = parseRouteFile("x.yaml", { kind: "text", text });
  if (!file.ok) throw new Error(JSON.stringify(file.problems));
  const { candidateDigest } = resolveRoute(file.value, {
    commit: "",
    complete: true,
    entries: [{ path: promptPath, mode: "file", oid: "", size: prompt.length }],
    contents: { [promptPath]: { kind: "text", text: prompt } },
  });
  return candidateDigest ?? "";
}

/** A record of evidence that CI made, with its run. */
function makeEvidence(id: string, kind: string, digest: string, headSha: string): Record<string, string> {
  const render = (runId: number): string => `id: ${id}
kind: ${kind}
bundle: ${digest}
dataset: { name: support-golden-2026-06, digest: "sha256:${"a".repeat(64)}", size: 240 }
grader: rubric-v2
threshold: ">= 0.85"
result: 0.91
run: run-${runId}
producedAt: 2026-06-15T08:00:00Z
producer: { workflow: .github/workflows/model-eval.yml, runId: ${runId} }
`;
  const { runId } = story.world.github.addWorkflowRun({
    repo,
    path: ".github/workflows/model-eval.yml",
    headSha,
    artifacts: [{ name: id, files: (run) => ({ [`${id}.yaml`]: render(run) }) }],
  });
  return { [`model-routes/evidence/${id}.yaml`]: render(runId) };
}

async function approveAll(number: number): Promise<void> {
  const asked = story.actors
    .asked(number)
    .map((owner) => (owner === "@acme/release" ? secondRelease : speakerOf(owner)));
  for (const login of new Set([people.product, people.platform, ...asked])) story.actors.approve(login, number);
  await settle();
}

async function merge(number: number, by: string = people.release): Promise<void> {
  const merged = story.actors.tryMerge(by, number);
  expect(merged).toMatchObject({ merged: true });
  await settle();
}

/** Brings a route to its internal canary and says which pull request did. */
async function bringLive(flagKey: string): Promise<number> {
  const { actors, world } = story;
  const text = routeText(flagKey);
  actors.push(people.author, flagKey, `Add ${flagKey}`, { [pathOf(flagKey)]: text });
  const number = actors.openPull(people.author, flagKey, `Add ${flagKey}`);
  const { headSha } = world.github.pull({ repo, number });
  actors.push(
    people.author,
    flagKey,
    "Evidence",
    makeEvidence(`eval-${flagKey}`, "offline-eval", digestOf(text), headSha),
  );
  await settle();
  actors.comment(people.platform, number, "/routeward rehearse");
  await settle();
  await approveAll(number);
  await merge(number);
  expect(await liveStage(flagKey)).toBe("internal-canary");
  return number;
}

async function liveStage(flagKey: string): Promise<string | null | undefined> {
  return (await story.bot.store.getRecord(liveStateKind, keyOfFlag(binding, flagKey)))?.value.stage;
}

/** Lets hours pass with a look at the guardrails in each. */
async function soak(hours: number): Promise<void> {
  for (let hour = 0; hour <= hours; hour += 1) {
    if (hour > 0) story.clock.advance(hourMs);
    await story.bot.queue.enqueue("watch", binding, { everyMs: hourMs });
    await story.bot.queue.waitUntilIdle(30_000);
  }
  await settle();
}

/** Pull requests of the app for one flag. */
function proposals(flagKey: string): readonly { number: number; title: string; body: string; headRef: string }[] {
  return story.world.github
    .pulls({ repo, state: "all" })
    .filter(({ author, headRef }) => author === "routeward[bot]" && headRef.includes(`/${flagKey}-`))
    .map(({ number, title, body, headRef }) => ({ number, title, body: body ?? "", headRef }));
}

/** Quiet, and nothing left that is tried again because a busy machine answered late. */
async function settle(): Promise<void> {
  for (let round = 0; round < 60; round += 1) {
    await story.actors.settle();
    const counts = await story.bot.queue.countJobs();
    if (counts.every(({ scheduled }) => scheduled === 0)) return;
    await sleep(500);
  }
}

async function say(by: string, number: number, words: string): Promise<string> {
  const before = story.actors.answers(number).length;
  story.actors.comment(by, number, words);
  await settle();
  return story.actors.answers(number).slice(before).join("\n---\n");
}

const grant = (contents: "read" | "write"): void =>
  story.world.github.setPermissions({ appId: story.world.appId, permissions: { contents } });

beforeAll(async () => {
  story = await openStoryWorld({ policy });
  const { github } = story.world;
  github.createUser({ login: secondRelease });
  github.addOrganizationMember({ org: "acme", login: secondRelease });
  github.addTeamMember({ org: "acme", team: "release", login: secondRelease });
  github.addTeamMember({ org: "acme", team: "everyone", login: secondRelease });
  grant("write");
});
afterAll(async () => {
  await story?.close();
});

describe("a route from its first stage to its end, by pull requests of Routeward's own", () => {
  const flag = "support_way";
  let first = 0;
  let promotion = 0;

  it("promote is refused to whoever is no release owner", async () => {
    first = await bringLive(flag);
    expect(await say(people.platform, first, "/routeward promote")).toMatch(/Who may: release-owner/);
    expect(proposals(flag)).toEqual([]);
  });

  it("promote opens the pull request for the next stage, with readings, evidence and who must approve", async () => {
    const { github } = story.world;
    const tip = github.resolveRef({ repo, ref: "main" }) ?? "";
    const report = makeEvidence(`canary-${flag}`, "canary-report", digestOf(routeText(flag)), tip);
    github.pushFiles({ repo, branch: "main", author: people.author, message: "Canary report", files: report });
    await soak(3);
    expect(await say(people.release, first, "/routeward promote")).toMatch(
      /#\d+ is open: Promote support\\_way to default/,
    );
    const [opened, ...others] = proposals(flag);
    expect(others).toEqual([]);
    promotion = opened?.number ?? 0;
    expect(opened?.body).toMatch(/live is \*\*internal-canary\*\*/);
    expect(opened?.body).toMatch(/soaked: 3 h of 24 h/);
    expect(opened?.body).toMatch(/\| answer quality \| pass \| 0\.91 \| 0\.87 \| 20000 \|/);
    expect(opened?.body).toMatch(/Added by this pull request: `canary-support_way`/);
    expect(opened?.body).toMatch(/release-owner \(@&#8203;acme\/release\)/);
    const text = github.readFile({ repo, ref: opened?.headRef ?? "", path: pathOf(flag) });
    expect(text).toBe(
      routeText(flag)
        .replace("approved-for-internal-canary", "approved-as-default")
        .replace("      - rollback-test-passed\n", `      - rollback-test-passed\n      - canary-${flag}\n`),
    );
  });

  it("its card asks for everybody but the one who asked, and waits for the soak", async () => {
    expect(story.check(promotion).conclusion).not.toBe("success");
    await approveAll(promotion);
    expect(story.check(promotion).text).toMatch(/internal-canary has soaked 3 h of 24 h/);
    await soak(21);
    await story.sweep("pulls");
    expect(story.check(promotion)).toMatchObject({ conclusion: "success" });
  });

  it("soaking green asks for nothing a second time, and asking again names the one that is open", async () => {
    expect(proposals(flag)).toHaveLength(1);
    expect(await say(people.release, first, "/routeward promote")).toMatch(new RegExp(`#${promotion} is open`));
  });

  it("the approval of whoever asked does not count; another release owner's does", async () => {
    const { github } = story.world;
    const review = github.review({
      repo,
      number: promotion,
      by: secondRelease,
      event: "REQUEST_CHANGES",
      body: "wait",
    });
    github.review({ repo, number: promotion, by: people.release, event: "APPROVE" });
    await settle();
    expect(review).toBeGreaterThan(0);
    expect(story.check(promotion).conclusion).not.toBe("success");
    expect(story.check(promotion).text).toMatch(/rita.*made the bot open the pull request/);
    story.actors.approve(secondRelease, promotion);
    await settle();
    expect(story.check(promotion).conclusion).toBe("success");
  });

  it("merged, the next stage is proven", async () => {
    await merge(promotion);
    expect(await liveStage(flag)).toBe("default");
    expect(await say(people.release, promotion, "/routeward promote")).toMatch(/default is the last stage of the plan/);
  });

  it("the cleanup makes the candidate the baseline, and says who gets it that did not", async () => {
    const request = { binding, flagKey: flag, askedBy: null, by: "the operator" };
    const { bot, clock } = story;
    const ports = { store: bot.store, queue: bot.queue };
    expect(await requestCleanup(request, ports, clock.now())).toEqual({ kind: "asked" });
    await settle();
    const opened = proposals(flag).at(-1);
    expect(opened?.title).toBe(`Make the candidate of ${flag} the baseline`);
    expect(opened?.body).toMatch(/not any more:\*\* `regulated-region`, `enterprise-legal-review`/);
    expect(story.actors.answers(promotion).at(-1)).toMatch(/#\d+ is open/);
    expect(await requestCleanup(request, ports, clock.now())).toEqual({ kind: "asked" });
    await settle();
    expect(story.actors.answers(promotion).at(-1)).toMatch(new RegExp(`#${opened?.number} is open`));
  });

  it("merged, everybody is served what was the candidate, with the flag off", async () => {
    const { number = 0 } = proposals(flag).at(-1) ?? {};
    await approveAll(number);
    expect(story.check(number)).toMatchObject({ conclusion: "success" });
    await merge(number);
    const snapshot = story.world.featbit.findFlag(story.world.environment.id, flag);
    expect(snapshot?.isEnabled).toBe(false);
    const off = snapshot?.variations.find(({ id }) => id === snapshot.disabledVariationId);
    expect(JSON.parse(off?.value ?? "{}")).toMatchObject({ variation: "baseline", digest: digestOf(routeText(flag)) });
  });
});

describe("a stage that soaks green asks for the next by itself, and a rollback is written down", () => {
  const flag = "support_soak";
  let first = 0;

  it("the promotion is opened when the soak is over, and not before", async () => {
    first = await bringLive(flag);
    await soak(23);
    expect(proposals(flag)).toEqual([]);
    await soak(2);
    expect(proposals(flag).map(({ title }) => title)).toEqual([`Promote ${flag} to default`]);
    expect(proposals(flag)[0]?.body).toMatch(/Missing for default: `ab-result` or `canary-report`/);
  });

  it("one that somebody closed is not opened again by itself, but when a release owner asks", async () => {
    const number = proposals(flag)[0]?.number ?? 0;
    story.world.github.closePull({ repo, number, by: people.release });
    await soak(2);
    expect(proposals(flag)).toHaveLength(1);
    expect(await say(people.release, first, "/routeward promote")).toMatch(/#\d+ is open/);
    expect(proposals(flag)).toHaveLength(2);
  });

  it("a rollback is proven, and its pull request says rolled-back", async () => {
    expect(await say(people.release, first, "/routeward rollback <b>@acme/sre</b> answers are wrong")).toMatch(
      /#\d+ is open: Record the rollback/,
    );
    const opened = proposals(flag).at(-1);
    expect(opened?.body).toMatch(/answers are wrong/);
    expect(opened?.body).not.toMatch(/<b>|@acme/);
    const text = story.world.github.readFile({ repo, ref: opened?.headRef ?? "", path: pathOf(flag) });
    expect(text).toBe(routeText(flag).replace("approved-for-internal-canary", "rolled-back"));
  });

  it("that one is low, and one owner of the file merges it; the flag stays off", async () => {
    const { number = 0 } = proposals(flag).at(-1) ?? {};
    expect(story.check(number).title).toMatch(/^Low risk/);
    expect(story.check(number).text).toMatch(/`rollback`/);
    expect(story.actors.asked(number)).toHaveLength(1);
    story.actors.approve(people.product, number);
    await settle();
    expect(story.check(number)).toMatchObject({ conclusion: "success" });
    await merge(number);
    expect(story.world.featbit.findFlag(story.world.environment.id, flag)?.isEnabled).toBe(false);
    expect(await story.bot.store.getRecord(latchKind, keyOfFlag(binding, flag))).toBeDefined();
    expect(await say(people.release, first, "/routeward promote")).toMatch(/Not promoted: it was rolled back/);
  });
});

describe("without contents: write", () => {
  const flag = "support_hand";

  it("promote says by hand what to do, and works once it is granted", async () => {
    const first = await bringLive(flag);
    grant("read");
    const answer = await say(people.release, first, "/routeward promote");
    expect(answer).toMatch(/does not grant it `contents: write`/);
    expect(answer).toMatch(/```diff\n--- a\/model-routes\/support\/support_hand\.yaml/);
    expect(answer).toMatch(/^-    status: approved-for-internal-canary\n\+    status: approved-as-default$/m);
    expect(proposals(flag)).toEqual([]);
    expect(
      (await story.bot.store.getRecord(proposalKind, `${keyOfFlag(binding, flag)}/promotion`))?.value,
    ).toMatchObject({ state: "by-hand", pull: null });
    grant("write");
    expect(await say(people.release, first, "/routeward promote")).toMatch(/#\d+ is open/);
    expect(proposals(flag)).toHaveLength(1);
  });
});

it("nothing was broken on the way", async () => {
  expect(await story.findTrouble()).toEqual([]);
});
