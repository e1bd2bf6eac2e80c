import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { approveAndMerge, bringEvidence, firstForm, fullFile, refuseLowering } from "./approval-chapters.ts";
import {
  breach,
  cleanUp,
  compareAndRelease,
  customerCanary,
  internalCanary,
  reEnter,
  shadow,
} from "./rollout-chapters.ts";
import { openServedTable } from "./served-table.ts";
import { createActors } from "./stage.ts";
import { createUsers, expectThat, flagKey, type Story, type StoryParts } from "./story.ts";
import { verifyAuditExport } from "../../core/audit/verify-audit-export.ts";
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
    columns: [],
  };
  try {
    narrator.say(
      "Routeward: the real app, a simulated GitHub and FeatBit on loopback, an embedded store in a temporary folder.",
    );
    // What an installation may grant beyond app.yml, so that Routeward opens pull requests by itself.
    world.github.setPermissions({ appId: world.appId, permissions: { contents: "write" } });
    await firstForm(story);
    const number = await fullFile(story);
    await bringEvidence(story, number);
    await refuseLowering(story, number);
    await approveAndMerge(story, number);
    await shadow(story, number);
    await internalCanary(story, number);
    await customerCanary(story);
    await breach(story);
    await reEnter(story);
    await compareAndRelease(story);
    await cleanUp(story);
    await verify(story);
  } finally {
    await story.served.close();
  }
}
