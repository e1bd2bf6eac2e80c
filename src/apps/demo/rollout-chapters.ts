import type { LiveState } from "../../core/facts.ts";
import type { WatchEntry } from "../../core/rollout/watch.ts";
import { renderDuration } from "../../core/verdict/render-duration.ts";
import { keyOfFlag, latchKind, liveStateKind, rolloutStatusKind, watchKind } from "../../flows/records.ts";
import { requestCleanup } from "../../flows/proposals/request-cleanup.ts";
import { people } from "./build-world.ts";
import { findOwnPull, openReEntry } from "./proposals.ts";
import { fullFileOf, nameEvidence, offlineEvalId, runEvaluation } from "./route-edits.ts";
import { showMarkdown } from "./show-markdown.ts";
import {
  approversFor,
  binding,
  digestOfCandidate,
  expectThat,
  flagKey,
  rememberServed,
  routePath,
  showServed,
  type Story,
} from "./story.ts";
import { callWeight } from "./story-traffic.ts";
import type { TrafficCount } from "./traffic.ts";

const hourMs = 3_600_000;
/** The demo looks once a day of its own time; the app's default is a minute. */
const lookEveryMs = 24 * hourMs;
const flagName = keyOfFlag(binding, flagKey);
const candidateModel = "claude-sonnet-4-5-20250929";

function renderTime({ clock }: Story): string {
  const [, day = "", month = "", , time = ""] = clock.now().toUTCString().split(" ");
  const weekday = clock.now().toUTCString().slice(0, 3);
  return `${weekday} ${day} ${month} ${time.slice(0, 5)}`;
}

async function readLive({ bot }: Story): Promise<LiveState> {
  const live = await bot.store.getRecord(liveStateKind, flagName);
  expectThat(live !== undefined, "the route is live");
  return live.value;
}

async function readEntry({ bot }: Story): Promise<WatchEntry> {
  const watch = await bot.store.getRecord(watchKind, binding);
  const entry = watch?.value.flags.find((one) => one.flagKey === flagKey);
  expectThat(entry !== undefined, "the guardrails were read");
  return entry;
}

/** Everybody asks a question, the metrics are scraped, and the guardrails are read once. */
async function look({ bot, traffic }: Story, everyMs = lookEveryMs): Promise<TrafficCount> {
  const count = await traffic.run();
  await bot.queue.enqueue("watch", binding, { everyMs });
  await bot.queue.waitUntilIdle(30_000);
  return count;
}

/** Lets days pass, each with traffic and a look, until it is so. Answers a row for the table of steps. */
async function soakUntil(
  story: Story,
  isDone: () => Promise<boolean>,
  everyMs = lookEveryMs,
): Promise<readonly string[]> {
  const { clock } = story;
  const { step, share, stage } = await readLive(story);
  const began = renderTime(story);
  let frozen: string | null = null;
  for (let looks = 1; looks <= 40; looks += 1) {
    const count = await look(story, everyMs);
    const entry = await readEntry(story);
    const isSoaked = entry.soakedMs >= entry.wantedMs;
    if (isSoaked && entry.frozen !== null) frozen = entry.frozen;
    if (await isDone()) {
      const total = count.baseline + count.candidate;
      const p95 = readingOf(entry, "p95 latency");
      const held = frozen === null ? "" : `, held by ${frozen.replace(/ holds until .*/, "")}`;
      return [
        `${stage ?? ""}, step ${step + 1}`,
        `${share} %`,
        began,
        `${count.candidate} of ${total} questions`,
        p95,
        `${renderDuration(isSoaked ? entry.soakedMs : entry.wantedMs)} in ${looks} looks${held}`,
      ];
    }
    clock.advance(everyMs);
  }
  const { why, readings } = await readEntry(story);
  throw new Error(`expected: the step soaks green (${readings}: ${why})`);
}

const stepColumns = ["step", "share", "since", "candidate answers", "p95 (baseline)", "soaked"] as const;

function readingOf({ guardrails }: WatchEntry, name: string): string {
  const { candidate = null, baseline = null } = guardrails.find((one) => one.name === name) ?? {};
  const show = (value: number | null): string => (value === null ? "no data" : `${value.toFixed(2)} s`);
  return `${show(candidate)} (${show(baseline)})`;
}

/** Soaks the step that is live, the stage's last one, until the next stage may be asked for. */
function soakStage(story: Story, everyMs = lookEveryMs): Promise<readonly string[]> {
  const isSoaked = async (): Promise<boolean> => {
    const { soakedMs, wantedMs, frozen, clock } = await readEntry(story);
    return clock === "running" && soakedMs >= wantedMs && frozen === null;
  };
  return soakUntil(story, isSoaked, everyMs);
}

/** Soaks until the app has gone on to the next step by itself. */
async function soakStep(story: Story): Promise<readonly string[]> {
  const { step } = await readLive(story);
  const row = await soakUntil(story, async () => (await readLive(story)).step > step);
  const { share } = await readLive(story);
  await rememberServed(story, `${share} %`);
  return row;
}

/** Merges an approved pull request and waits until the stage is served. */
export async function mergeAndServe(story: Story, number: number, stage: string): Promise<void> {
  const { narrator, actors, served, users } = story;
  const wanted = `${stage === "shadow" ? "shadow" : "candidate"} at ${stage}`;
  const start = performance.now();
  const merge = actors.tryMerge(people.release, number);
  expectThat(merge.merged, `GitHub merges #${number}`);
  await served.waitUntil(users, (values) => values.includes(wanted));
  const took = performance.now() - start;
  await actors.settle();
  narrator.say(`${people.release} merges #${number} as ${merge.sha.slice(0, 12)} (${renderTime(story)}).`);
  narrator.took("from merge to served, proven by the FeatBit SDK", took);
  const { share } = await readLive(story);
  await rememberServed(story, share === 0 || share === 100 ? stage : `${stage} ${share} %`);
}

/** Has the app's promotion approved, merges it and waits until its stage is served. @param result evidence that the stage asks for and nobody committed yet */
async function promote(story: Story, stage: string, result?: string): Promise<void> {
  const { narrator, actors, world } = story;
  const { number, branch, by } = await findOwnPull(story, "promotion");
  if (result !== undefined) {
    const { headSha } = world.github.pull({ repo: world.repo, number });
    const { files } = runEvaluation(story, { id: result, kind: "ab-result", headSha });
    const text = world.github.readFile({ repo: world.repo, ref: branch, path: routePath }) ?? "";
    actors.push(people.author, branch, "Add the result", { ...files, [routePath]: nameEvidence(text, result) });
    await actors.settle();
  }
  const asked = actors.asked(number).length;
  for (const login of approversFor(story, number)) actors.approve(login, number);
  await actors.settle();
  const approved = actors.check(number);
  narrator.say(`#${number} by ${by} asks for ${stage}; ${asked} teams are asked. Check at last: ${approved.title}`);
  expectThat(approved.conclusion === "success", `the promotion to ${stage} is approved`);
  await mergeAndServe(story, number, stage);
}

export async function shadow(story: Story, number: number): Promise<void> {
  const { narrator, traffic } = story;
  narrator.chapter("Shadow: the candidate answers beside, and nobody sees it");
  await mergeAndServe(story, number, "shadow");
  narrator.say(
    `Traffic: ${traffic.users} users ask the service of docs/examples/service, a process of its own with routeward/runtime and a stub model.`,
  );
  narrator.say(
    `Simulated: the users, the models, the clock, and Prometheus. The stand-in scrapes the service's /metrics; one call stands for ${callWeight}.`,
  );
  const count = await look(story);
  narrator.say(
    `${count.shadow} questions answered by the baseline with the candidate beside, ${count.baseline} without.`,
  );
  expectThat(count.shadow > 0 && count.candidate === 0, "nobody sees the candidate at the shadow stage");
}

export async function internalCanary(story: Story, number: number): Promise<void> {
  const { narrator, actors } = story;
  narrator.chapter("Internal canary: the support team");
  actors.comment(people.release, number, "/routeward promote");
  narrator.say(
    `${people.release} (release-owner) comments "/routeward promote"; from here on Routeward asks by itself when a stage has soaked.`,
  );
  await promote(story, "internal-canary");
  narrator.say(`${people.outsider}, who answers for nothing here, comments "/routeward rollback".`);
  actors.comment(people.outsider, number, "/routeward rollback I do not like it");
  await actors.settle();
  narrator.say(`Answer: ${showMarkdown(actors.answers(number).at(-1) ?? "")}`);
  narrator.say("The clock goes on, day by day: traffic, a look at the guardrails. Only what was looked at soaks.");
  narrator.table(stepColumns, [await soakStage(story)]);
}

export async function customerCanary(story: Story): Promise<void> {
  const { narrator } = story;
  narrator.chapter("Customer canary: steps that go on by themselves when they have soaked green");
  await promote(story, "customer-canary");
  narrator.table(stepColumns, [await soakStep(story)]);
  const { share } = await readLive(story);
  narrator.say(`${renderTime(story)}: nobody did anything, and the route is at ${share} %.`);
}

export async function breach(story: Story): Promise<void> {
  const { narrator, bot, traffic, clock, served, users, actors } = story;
  narrator.chapter("A breach: the candidate becomes slow, and everybody goes back by itself");
  clock.advance(lookEveryMs);
  traffic.delayModel(candidateModel, 2_600);
  await traffic.run();
  traffic.delayModel(candidateModel, 0);
  const start = performance.now();
  await bot.queue.enqueue("watch", binding, { everyMs: lookEveryMs });
  await served.waitUntil(users, (values) => values.every((value) => value === "baseline"));
  const took = performance.now() - start;
  await actors.settle();
  const latch = await bot.store.getRecord(latchKind, flagName);
  expectThat(latch?.value.cause === "breach", "the breach set the latch");
  narrator.say(`${renderTime(story)}, in the middle of a weekend, the next look: ${latch.value.reason}.`);
  narrator.took("from the look to the baseline for everyone", took);
  await rememberServed(story, "after the breach");
  showServed(story);
  const count = await traffic.run();
  expectThat(count.candidate === 0, "the service answers with the baseline only");

  await bot.queue.enqueue("flag", flagName, {});
  await actors.settle();
  const status = await bot.store.getRecord(rolloutStatusKind, flagName);
  expectThat(status?.value.state === "off", "the latch holds");
  narrator.say(
    `Git still says customer canary, but the latch stands above it: the rollout stays "${status.value.state}".`,
  );
  await recordRollback(story);
}

/** Git follows: the app's pull request that sets `rolled-back`. */
async function recordRollback(story: Story): Promise<void> {
  const { narrator, actors } = story;
  const { number, by } = await findOwnPull(story, "rollback");
  const asked = actors.asked(number);
  const { title } = actors.check(number);
  for (const login of approversFor(story, number)) actors.approve(login, number);
  await actors.settle();
  const merge = actors.tryMerge(people.release, number);
  expectThat(merge.merged, `GitHub merges #${number}`);
  await actors.settle();
  narrator.say(`#${number} by ${by} writes rolled-back into the file (${title}; asked: ${asked.join(", ")}). Merged.`);
}

export async function reEnter(story: Story): Promise<void> {
  const { narrator, actors, world, clock } = story;
  narrator.chapter("Back in: only approved anew, with evidence made after the breach");
  clock.advance(2 * lookEveryMs);
  narrator.say("The policy's weekend freeze held promotions, never a way back. On Monday:");
  const status = "approved-for-internal-canary";
  const { number, branch } = await openReEntry(story, status, [offlineEvalId]);
  const refused = actors.check(number);
  narrator.say(
    `${renderTime(story)}: #${number} asks for the internal canary again. Check: ${refused.conclusion ?? ""} - ${refused.title}`,
  );
  expectThat(refused.conclusion === "failure", "the old evidence does not count after the breach");
  const id = "offline-eval-after-breach";
  const { headSha } = world.github.pull({ repo: world.repo, number });
  const { runId, files } = runEvaluation(story, { id, kind: "offline-eval", headSha });
  actors.push(people.author, branch, "Evaluate again after the breach", {
    ...files,
    [routePath]: fullFileOf(status, [id]),
  });
  await actors.settle();
  for (const login of approversFor(story, number)) actors.approve(login, number);
  await actors.settle();
  const approved = actors.check(number);
  narrator.say(`Measured again in run ${runId} and approved. Check: ${approved.title}`);
  expectThat(approved.conclusion === "success", "the re-entry is approved");
  await mergeAndServe(story, number, "internal-canary");
  const rows = [await soakStage(story)];
  await promote(story, "customer-canary");
  rows.push(await soakStep(story), await soakStep(story), await soakStage(story));
  narrator.table(stepColumns, rows);
}

export async function compareAndRelease(story: Story): Promise<void> {
  const { narrator } = story;
  narrator.chapter("A/B comparison, then the default for everybody who is not excluded");
  await promote(story, "ab-comparison");
  // A week of it; twice is enough to show.
  narrator.table(stepColumns, [await soakStage(story, 3.5 * lookEveryMs)]);
  narrator.say(
    `The default asks for the result of the comparison; ${people.author} commits it to Routeward's pull request.`,
  );
  await promote(story, "default", "ab-result-2026-07");
  const count = await look(story);
  expectThat(count.candidate > count.baseline, "the candidate is the default");
  showServed(story);
}

export async function cleanUp(story: Story): Promise<void> {
  const { narrator, actors, bot, clock, traffic, world, served, users } = story;
  narrator.chapter("Cleanup: the candidate becomes the baseline, and the flag retires");
  clock.advance(Date.parse("2027-01-20T09:00:00Z") - clock.now().getTime());
  await bot.queue.enqueue("sweep", "cleanups", {});
  await actors.settle();
  const reminder = world.github.issues({ repo: world.repo }).at(-1);
  expectThat(reminder !== undefined, "the owner is reminded");
  narrator.say(`${renderTime(story)}, the file's cleanup date is near. Issue by ${reminder.author}: ${reminder.title}`);
  const asked = await requestCleanup({ binding, flagKey, askedBy: null, by: "the operator" }, bot, clock.now());
  expectThat(asked.kind === "asked", "the cleanup can be asked for");
  const { number, by } = await findOwnPull(story, "cleanup");
  for (const login of approversFor(story, number)) actors.approve(login, number);
  await actors.settle();
  const { title, conclusion } = actors.check(number);
  narrator.say(`#${number} by ${by}: ${world.github.pull({ repo: world.repo, number }).title}. Check: ${title}`);
  expectThat(conclusion === "success", "the cleanup is approved");
  const merge = actors.tryMerge(people.release, number);
  expectThat(merge.merged, `GitHub merges #${number}`);
  await served.waitUntil(users, (values) => values.every((value) => value === "baseline"));
  await actors.settle();
  const { byDigest, baseline } = await traffic.run();
  const digest = digestOfCandidate(world);
  expectThat(byDigest.get(digest) === traffic.users && baseline === traffic.users, "everybody gets the new baseline");
  narrator.say(
    `Merged: the flag is off, and its baseline is now ${digest.slice(0, 24)}…, which answers all ${traffic.users} users. The flag can be taken out of the code.`,
  );
}
