import { people, readExample } from "./build-world.ts";
import { fullFileOf, offlineEvalId, runEvaluation } from "./route-edits.ts";
import { keyOfFlag, rehearsalKind } from "../../flows/records.ts";
import { showMarkdown } from "./show-markdown.ts";
import {
  approversFor,
  binding,
  digestOfCandidate,
  expectThat,
  flagKey,
  reviewsWithout,
  routePath,
  sectionOf,
  showAsked,
  type Story,
} from "./story.ts";

/** The route begins without exposure. */
const firstStatus = "approved-for-shadow";

export async function firstForm(story: Story): Promise<void> {
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

export async function fullFile(story: Story): Promise<number> {
  const { narrator, actors } = story;
  narrator.chapter("The full file: what it means, how risky it is, who is asked");
  narrator.say(
    `docs/examples/support-answer-full.yaml, asking for the shadow stage first, and with a p95 guardrail that rolls back by itself.`,
  );
  actors.push(people.author, "claude-for-support", "Answer support questions with Claude", {
    [routePath]: fullFileOf(firstStatus),
  });
  const number = actors.openPull(people.author, "claude-for-support", "Answer support questions with Claude");
  await actors.settle();
  const { title, conclusion, summary, text } = actors.check(number);
  narrator.say(`Check on #${number}: ${conclusion ?? ""} - ${title}`);
  narrator.show(showMarkdown(`${summary}\n\n${text}`));
  showAsked(story, number);
  return number;
}

export async function bringEvidence(story: Story, number: number): Promise<void> {
  const { narrator, actors, world, bot } = story;
  narrator.chapter("Evidence: an evaluation by CI, and a rehearsal of the way back");
  const { headSha } = world.github.pull({ repo: world.repo, number });
  const { runId, files } = runEvaluation(story, { id: offlineEvalId, kind: "offline-eval", headSha });
  actors.push(people.author, "claude-for-support", "Add the offline evaluation", files);
  narrator.say(
    `The workflow model-eval measured the candidate ${digestOfCandidate(world).slice(0, 24)}… in run ${runId}; ${people.author} commits the record.`,
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

export async function refuseLowering(story: Story, number: number): Promise<void> {
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

export async function approveAndMerge(story: Story, number: number): Promise<void> {
  const { narrator, actors } = story;
  narrator.chapter("Approvals, and one that a new push ends");
  for (const login of approversFor(story, number)) actors.approve(login, number, "Looks right to me.");
  await actors.settle();
  narrator.say(`Everyone who was asked approves. Check: ${actors.check(number).title}`);
  expectThat(actors.check(number).conclusion === "success", "all roles approved");

  actors.push(people.author, "claude-for-support", "A little more creative", {
    [routePath]: fullFileOf(firstStatus).replace(/(candidate:[\s\S]*?)temperature: 0\.2/, "$1temperature: 0.9"),
  });
  await actors.settle();
  const check = actors.check(number);
  narrator.say(`${people.author} pushes temperature 0.9. Check: ${check.conclusion ?? ""} - ${check.title}`);
  const merge = actors.tryMerge(people.release, number);
  expectThat(!merge.merged, "approvals of the old content do not count");
  narrator.show(showMarkdown(reviewsWithout(check.text)));
  narrator.say(`The approvals were for other content. GitHub refuses the merge: ${merge.why}`);
  actors.push(people.author, "claude-for-support", "Back to what was reviewed", {
    [routePath]: fullFileOf(firstStatus),
  });
  await actors.settle();
  narrator.say(
    `${people.author} takes it back: the content is the reviewed one again. Check: ${actors.check(number).title}`,
  );
  expectThat(actors.check(number).conclusion === "success", "the approvals count again");
}
