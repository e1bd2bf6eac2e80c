import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { type CardCase, expectedPath, makeFiles, makeRoutes, readCardCases } from "./card-case.ts";
import { renderShown } from "./render-shown.ts";
import { openStoryWorld, readRules, type StoryWorld } from "./story-world.ts";

// What a reviewer gets to see for wrong, odd and hostile input: each folder of `cards` holds the repository files and the
// check run. `UPDATE_EXPECTED=1 npx vitest run test/stories/cards.test.ts` writes `expected.md` anew; read the difference.
const isUpdate = process.env["UPDATE_EXPECTED"] === "1";
const cases = readCardCases();
const ownRepository = ({ name }: CardCase): string => `acme/${name}`;
const needsOwn = (each: CardCase): boolean => each.base !== undefined || each.meanwhile !== undefined;

let story: StoryWorld;
const opened = new Map<string, { repo: string; number: number }>();

beforeAll(async () => {
  story = await openStoryWorld({ repositories: cases.filter(needsOwn).map(ownRepository) });
  for (const [index, each] of cases.entries()) {
    opened.set(each.name, openCase(each));
    // Not one by one, which is slow, and not all at once, which a busy machine does not finish within the wait.
    if (index % 6 === 5) await story.actors.settle();
  }
  await story.actors.settle();
}, 180_000);
afterAll(async () => {
  await story?.close();
});

function openCase(each: CardCase): { repo: string; number: number } {
  const { github } = story.world;
  let repo = story.world.repo;
  if (needsOwn(each)) {
    const files = Object.entries({ ...readRules(), ...makeFiles(each.base ?? {}) }).filter(([, file]) => file !== null);
    repo = story.addRepository(ownRepository(each), Object.fromEntries(files));
  }
  const to = each.pull.to ?? "main";
  if (to !== "main") github.createBranch({ repo, branch: to });
  let source = repo;
  if (each.pull.fork) source = github.forkRepository({ repo, owner: people.outsider }).fullName;
  const author = each.pull.fork ? people.outsider : people.author;
  const files = { ...makeFiles(each.head), ...makeRoutes(each.routes ?? 0) };
  github.pushFiles({ repo: source, branch: each.name, author, message: each.says, files });
  if (each.meanwhile !== undefined) {
    const meanwhile = makeFiles(each.meanwhile);
    github.pushFiles({ repo, branch: "main", author: people.governance, message: "Meanwhile", files: meanwhile });
  }
  const head = each.pull.fork ? `${people.outsider}:${each.name}` : each.name;
  const { draft } = each.pull;
  return { repo, number: github.openPull({ repo, head, base: to, author, title: each.says, draft }).number };
}

describe("the check run for", () => {
  it.each(cases.map((each) => [each.says, each] as const))("%s", (_says, each) => {
    const { repo, number } = opened.get(each.name) ?? { repo: "", number: 0 };
    const run = story.check(number, repo);
    const shown = renderShown(run);

    const path = expectedPath(each.name);
    if (isUpdate || !existsSync(path)) writeFileSync(path, shown);
    expect(shown).toBe(readFileSync(path, "utf8"));
    expect(run.conclusion).toBe(each.conclusion);
    expect(run.status).toBe("completed");
    expect(shown).not.toMatch(/\bat .+\.(ts|js):\d+:\d+|node_modules|InternalError|TypeError|\bundefined\b/);
    // Nothing may turn the reading direction, hide text or act as a comment of ours.
    expect(shown).not.toMatch(/[\u200B\u202A-\u202E\u2066-\u2069]/);
    for (const words of each.never) expect(shown).not.toContain(words);
    for (const part of [run.summary, run.text]) expect(Buffer.byteLength(part ?? "")).toBeLessThanOrEqual(65_535);
    expect(run.annotations.length).toBeLessThanOrEqual(50);
  });

  it("none of them left anything broken", async () => {
    expect(await story.findTrouble()).toEqual([]);
    expect(story.log.join("")).not.toContain('"level":50');
  });
});
