import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyAuditExport } from "../../core/audit/verify-audit-export.ts";
import { computeBucket } from "../../core/rollout/bucket.ts";
import { parseRouteFile } from "../../core/routes/parse-route-file.ts";
import { resolveRoute } from "../../core/routes/resolve-route.ts";
import { renderDuration } from "../../core/verdict/render-duration.ts";
import { keyOfFlag, rehearsalKind, rolloutStatusKind, watchKind } from "../../flows/records.ts";
import type { RunningBot } from "../bot/start-bot.ts";
import { people, readExample, type World } from "./build-world.ts";
import type { Narrator } from "./narrate.ts";
import type { StoryClock } from "./run-demo.ts";
import { type DemoUser, openServedTable, type ServedTable } from "./served-table.ts";
import { showMarkdown } from "./show-markdown.ts";
import { type Actors, createActors } from "./stage.ts";

export interface StoryParts {
  world: World;
  bot: RunningBot;
  narrator: Narrator;
  clock: StoryClock;
  folder: string;
}

const flagKey = "support_answer_model_route";
const binding = "acme-production";
const routePath = "model-routes/support/support-answer.yaml";
const promptPath = "prompts/support/v3.md";
const evidenceId = "offline-eval-run-2026-06-11";
const evidencePath = `model-routes/evidence/${evidenceId}.yaml`;

interface Story extends StoryParts {
  actors: Actors;
  served: ServedTable;
  users: readonly DemoUser[];
}

/** The story must not go on over a thing that did not happen. */
function expectThat(condition: boolean, what: string): asserts condition {
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

function createUsers(): readonly DemoUser[] {
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

/** What `routeward digest` says of the candidate. */
function digestOf(text: string, prompt: string): string {
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

function readPrompt(world: World): string {
  return world.github.readFile({ repo: world.repo, ref: "main", path: promptPath }) ?? "";
}

async function showServed(story: Story): Promise<readonly string[]> {
  const served = await story.served.read(story.users);
  story.narrator.table(
    ["who asks", "is served"],
    story.users.map((user, index) => [user.who, served[index] ?? ""]),
  );
  return served;
}

function showAsked({ narrator, actors }: Story, number: number): void {
  narrator.say(
    `Asked on GitHub: ${actors.asked(number).join(", ") || "nobody"}. The card says for which role and why.`,
  );
}

/** One section of a card, from its heading to the next. */
function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(heading);
  const end = text.indexOf("\n### ", start);
  return start === -1 ? "" : text.slice(start, end === -1 ? undefined : end);
}

/** What a card says of reviews that no longer count. */
function reviewsWithout(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.includes("does not count: "))
    .join("\n");
}

async function firstForm(story: Story): Promise<void> {
  const { narrator, actors, world } = story;
  narrator.chapter("The form that people write first");
  narrator.say(`${people.author} opens a pull request with docs/examples/support-answer.yaml, exactly as it stands.`);
  actors.push(people.author, "first-try", "Try model B for support answers", {
    [routePath]: readExample("support-answer.yaml"),
  });
  const number = actors.openPull(people.author, "first-try", "Try model B for support answers");
  await actors.settle();
  const { title, conclusion, summary, text } = actors.check(number);
  narrator.say(`Check routeward/approval on #${number}: ${conclusion ?? ""} - ${title}`);
  narrator.show(showMarkdown(`${summary}\n\n${sectionOf(text, "Stage")}\n\n${sectionOf(text, "<details>")}`));
  expectThat(conclusion !== "success", "the short form is not approved");
  world.github.closePull({ repo: world.repo, number, by: people.author });
  narrator.say(
    `It parses without a problem, and the card says what is missing for which stage. ${people.author} closes it and writes the full file.`,
  );
}

async function fullFile(story: Story): Promise<number> {
  const { narrator, actors } = story;
  narrator.chapter("The full file: what it means, how risky it is, who is asked");
  actors.push(people.author, "claude-for-support", "Answer support questions with Claude", {
    [routePath]: readExample("support-answer-full.yaml"),
  });
  const number = actors.openPull(people.author, "claude-for-support", "Answer support questions with Claude");
  await actors.settle();
  const { title, conclusion, summary, text } = actors.check(number);
  narrator.say(`Check on #${number}: ${conclusion ?? ""} - ${title}`);
  narrator.show(showMarkdown(`${summary}\n\n${text}`));
  showAsked(story, number);
  return number;
}

async function bringEvidence(story: Story, number: number): Promise<void> {
  const { narrator, actors, world, bot } = story;
  narrator.chapter("Evidence: an evaluation by CI, and a rehearsal of the way back");
  const { headSha } = world.github.pull({ repo: world.repo, number });
  const digest = digestOf(readExample("support-answer-full.yaml"), readPrompt(world));
  const render = (runId: number): string =>
    [
      `id: ${evidenceId}`,
      "kind: offline-eval",
      `bundle: ${digest}`,
      `dataset: { name: support-golden-2026-06, digest: sha256:${createHash("sha256").update("golden").digest("hex")}, size: 240 }`,
      "grader: rubric-v2",
      'threshold: ">= 0.85"',
      "result: 0.91",
      `run: run-${runId}`,
      "producedAt: 2026-06-16T08:12:44Z",
      `producer: { workflow: .github/workflows/model-eval.yml, runId: ${runId} }`,
      "",
    ].join("\n");
  const { runId } = world.github.addWorkflowRun({
    repo: world.repo,
    path: ".github/workflows/model-eval.yml",
    headSha,
    artifacts: [{ name: evidenceId, files: (run) => ({ [`${evidenceId}.yaml`]: render(run) }) }],
  });
  actors.push(people.author, "claude-for-support", "Add the offline evaluation", { [evidencePath]: render(runId) });
  narrator.say(
    `The workflow model-eval measured the candidate ${digest.slice(0, 24)}… in run ${runId}; ${people.author} commits the record.`,
  );
  actors.comment(people.platform, number, "/routeward rehearse");
  narrator.say(`${people.platform} (ai-platform-owner) comments "/routeward rehearse".`);
  await actors.settle();
  const [rehearsal] = await bot.store.listRecords(rehearsalKind, `${keyOfFlag(binding, flagKey)}/`);
  expectThat(rehearsal?.value.ok === true, "the rehearsal succeeded");
  narrator.say(
    "On a disposable flag a made-up user got the candidate and then the baseline again, both proven through the FeatBit SDK:",
  );
  narrator.took("candidate served after", rehearsal.value.forwardMs);
  narrator.took("baseline served again after", rehearsal.value.backMs);
  narrator.say(`Check: ${actors.check(number).title}`);
}

async function refuseLowering(story: Story, number: number): Promise<void> {
  const { narrator, actors } = story;
  narrator.chapter("Refused: the author tries to lower the tier");
  narrator.say(
    `${people.author} adds an edit of the policy to the same pull request: mode report, and no separation of duties.`,
  );
  const policy = readExample("routeward.yml")
    .replace("mode: enforce", "mode: report")
    .replace("separationOfDuties: [high, restricted]", "separationOfDuties: []");
  actors.push(people.author, "claude-for-support", "Relax the rules", { ".github/routeward.yml": policy });
  await actors.settle();
  const check = actors.check(number);
  narrator.say(`Check: ${check.conclusion ?? ""} - ${check.title}`);
  const merge = actors.tryMerge(people.release, number);
  expectThat(!merge.merged, "GitHub refuses the merge");
  narrator.say(`The tier went up, not down, and the old policy judges. GitHub refuses the merge: ${merge.why}`);
  actors.push(people.author, "claude-for-support", "Take the policy edit back", {
    ".github/routeward.yml": readExample("routeward.yml"),
  });
  await actors.settle();
  narrator.say(`${people.author} takes the edit back. Check: ${actors.check(number).title}`);
}

const firstApprovers = [people.product, people.platform] as const;

async function approveAndMerge(story: Story, number: number): Promise<void> {
  const { narrator, actors } = story;
  narrator.chapter("Approvals, and one that a new push ends");
  for (const login of approversFor(story, number)) actors.approve(login, number, "Looks right to me.");
  await actors.settle();
  narrator.say(`Everyone who was asked approves. Check: ${actors.check(number).title}`);
  expectThat(actors.check(number).conclusion === "success", "all roles approved");

  actors.push(people.author, "claude-for-support", "A little more creative", {
    [routePath]: readExample("support-answer-full.yaml").replace(
      /(candidate:[\s\S]*?)temperature: 0\.2/,
      "$1temperature: 0.9",
    ),
  });
  await actors.settle();
  const check = actors.check(number);
  narrator.say(`${people.author} pushes temperature 0.9. Check: ${check.conclusion ?? ""} - ${check.title}`);
  const merge = actors.tryMerge(people.release, number);
  expectThat(!merge.merged, "approvals of the old content do not count");
  narrator.show(showMarkdown(reviewsWithout(check.text)));
  narrator.say(`The approvals were for other content. GitHub refuses the merge: ${merge.why}`);
  actors.push(people.author, "claude-for-support", "Back to what was reviewed", {
    [routePath]: readExample("support-answer-full.yaml"),
  });
  await actors.settle();
  narrator.say(
    `${people.author} takes it back: the content is the reviewed one again. Check: ${actors.check(number).title}`,
  );
  expectThat(actors.check(number).conclusion === "success", "the approvals count again");
}

/** The people behind everything that GitHub was asked for, one for each team. */
function approversFor(story: Story, number: number): readonly string[] {
  const byTeam: Readonly<Record<string, string>> = {
    "@acme/support-product": people.product,
    "@acme/ai-platform": people.platform,
    "@acme/finance": people.finance,
    "@acme/sre": people.operations,
    "@acme/security": people.security,
    "@acme/privacy": people.security,
    "@acme/release": people.release,
    "@acme/governance": people.governance,
  };
  const asked = story.actors.asked(number).map((name) => byTeam[name] ?? name.replace(/^@/, ""));
  return [...new Set([...firstApprovers, ...asked])];
}

async function mergeAndServe(story: Story, number: number, stage: string): Promise<void> {
  const { narrator, actors, served, users } = story;
  const wanted = `candidate at ${stage}`;
  const start = performance.now();
  const merge = actors.tryMerge(people.release, number);
  expectThat(merge.merged, `GitHub merges #${number}`);
  await served.waitUntil(users, (values) => values.includes(wanted));
  const took = performance.now() - start;
  await actors.settle();
  narrator.say(
    `${people.release} merges #${number} as ${merge.sha.slice(0, 12)}. FeatBit moves, and the FeatBit SDK proves it:`,
  );
  narrator.took("from merge to served", took);
  await showServed(story);
  const outcome = actors.answers(number).at(-1);
  if (outcome !== undefined) narrator.show(showMarkdown(outcome));
}

const hourMs = 3_600_000;

/** Lets hours pass, with a look at the guardrails at the beginning and after each. */
async function soakHours({ bot, clock }: Story, hours: number): Promise<number> {
  for (let hour = 0; hour <= hours; hour += 1) {
    if (hour > 0) clock.advance(hourMs);
    await bot.queue.enqueue("watch", binding, { everyMs: hourMs });
    await bot.queue.waitUntilIdle(30_000);
  }
  return hours + 1;
}

async function promote(story: Story): Promise<number> {
  const { narrator, actors, bot } = story;
  narrator.chapter("A day later: to customers, 5 % of the low-risk accounts");
  const looks = await soakHours(story, 24);
  narrator.say(
    `The demo's clock goes on hour by hour, and the guardrails are read in each of them: ${looks} looks, all green. Only what was looked at counts as soaked.`,
  );
  const watch = await bot.store.getRecord(watchKind, binding);
  const soaked = watch?.value.flags.find((entry) => entry.flagKey === flagKey)?.soakedMs ?? 0;
  narrator.say(`The internal canary has soaked ${renderDuration(soaked)}.`);
  expectThat(soaked >= 24 * hourMs, "the internal canary has soaked");
  const text = readExample("support-answer-full.yaml").replace(
    "approved-for-internal-canary",
    "approved-for-customer-canary",
  );
  actors.push(people.author, "to-customers", "Support answers: first customers", { [routePath]: text });
  const number = actors.openPull(people.author, "to-customers", "Support answers: first customers");
  await actors.settle();
  const waiting = actors.check(number);
  narrator.say(`Check on #${number}: ${waiting.conclusion ?? ""} - ${waiting.title}`);
  narrator.show(showMarkdown(waiting.summary));
  for (const login of approversFor(story, number)) actors.approve(login, number);
  await actors.settle();
  const approved = actors.check(number);
  narrator.say(`Approved by the people who were asked. Check: ${approved.conclusion ?? ""} - ${approved.title}`);
  expectThat(approved.conclusion === "success", "the promotion is approved");
  return number;
}

async function rollBack(story: Story, number: number): Promise<void> {
  const { narrator, actors, served, users, bot } = story;
  narrator.chapter("Something is wrong: everybody back to the baseline");
  narrator.say(`${people.outsider}, who answers for nothing here, comments "/routeward rollback".`);
  actors.comment(people.outsider, number, "/routeward rollback I do not like it");
  await actors.settle();
  narrator.say(`Answer: ${showMarkdown(actors.answers(number).at(-1) ?? "")}`);
  narrator.say(`${people.release} (release-owner) comments "/routeward rollback answers cite the wrong page".`);
  const start = performance.now();
  actors.comment(people.release, number, "/routeward rollback answers cite the wrong page");
  await served.waitUntil(users, (values) => values.every((value) => value === "baseline"));
  const took = performance.now() - start;
  await actors.settle();
  narrator.took("from the comment to the baseline for everyone", took);
  await showServed(story);
  await bot.queue.enqueue("flag", keyOfFlag(binding, flagKey), {});
  await actors.settle();
  const values = await served.read(users);
  expectThat(
    values.every((value) => value === "baseline"),
    "the latch holds",
  );
  const status = await bot.store.getRecord(rolloutStatusKind, keyOfFlag(binding, flagKey));
  narrator.say(
    `Git still says customer canary, but the latch stands above it: the rollout stays "${status?.value.state ?? ""}".`,
  );
}

async function verify(story: Story): Promise<void> {
  const { narrator, bot, folder } = story;
  narrator.chapter("Can it be reconstructed, and would a change be noticed?");
  const findings = await bot.store.verifyStore();
  expectThat(findings.length === 0, `the store verifies (${findings[0]?.message ?? ""})`);
  const lines: string[] = [];
  for await (const line of bot.store.exportAudit()) lines.push(line);
  writeFileSync(join(folder, "audit.jsonl"), `${lines.join("\n")}\n`);
  expectThat(verifyAuditExport(lines).length === 0, "the exported log verifies");
  const head = await bot.store.readAuditHead();
  narrator.say(
    `${lines.length} audit entries, hash-chained; every stored record and delivery is the one that was written. Head: ${head?.hash.slice(0, 16) ?? ""}…`,
  );
  const middle = Math.floor(lines.length / 2);
  const line = lines[middle] ?? "";
  const at = line.indexOf('"subject":"') + 12;
  const tampered = lines.with(middle, line.slice(0, at) + (line[at] === "x" ? "y" : "x") + line.slice(at + 1));
  const found = verifyAuditExport(tampered);
  expectThat(found.length > 0, "one changed byte is found");
  narrator.say(
    `With one byte of entry ${middle + 1} changed, verification says: ${found[0]?.where ?? ""}: ${found[0]?.message ?? ""}`,
  );
}

/** Plays the story from the first pull request to the proof. @throws Error at the first thing that goes otherwise than told. */
export async function tellStory(parts: StoryParts): Promise<void> {
  const { world, bot, narrator } = parts;
  const story: Story = {
    ...parts,
    actors: createActors(world, bot),
    served: openServedTable(world, flagKey),
    users: createUsers(),
  };
  try {
    narrator.say(
      "Routeward: the real app, a simulated GitHub and FeatBit on loopback, an embedded store in a temporary folder.",
    );
    await firstForm(story);
    const number = await fullFile(story);
    await bringEvidence(story, number);
    await refuseLowering(story, number);
    await approveAndMerge(story, number);
    narrator.chapter("Merged: the internal canary, proven");
    await mergeAndServe(story, number, "internal-canary");
    const next = await promote(story);
    await mergeAndServe(story, next, "customer-canary");
    await rollBack(story, next);
    await verify(story);
  } finally {
    await story.served.close();
  }
}
