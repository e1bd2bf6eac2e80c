import { createHash } from "node:crypto";
import type { CheckReport } from "../effect.ts";
import { cut } from "../problem.ts";
import type { GroupMemberVerdict, GroupVerdict } from "../verdict/judge-group.ts";
import { checkTextLimit, cutMarkdown } from "./cut-bytes.ts";
import { escapeMarkdown } from "./escape-markdown.ts";
import { flattenLine } from "./flatten-line.ts";
import { checkName } from "./render-check.ts";

const longestTitle = 255;

/**
 * The verdict on a merge-queue group as a completed check run on the group's head. Nothing waits in a queue: what does not hold is a
 * failure, and the queue takes it out. Null: nobody can say which pull requests are in it, so nothing is let through (SPEC 7).
 */
export function renderGroupCheck(group: GroupVerdict | null, headSha: string): CheckReport {
  const own = {
    conclusion: group?.holds === true ? ("success" as const) : ("failure" as const),
    title: cut(flattenLine(sayTitle(group)), longestTitle),
    summary: cutMarkdown(renderGroup(group), checkTextLimit, "The rest is cut."),
  };
  const digest = createHash("sha256")
    .update(JSON.stringify([headSha, own]))
    .digest("hex");
  return {
    name: checkName,
    headSha,
    status: "completed",
    ...own,
    text: "",
    annotations: [],
    actions: [{ label: "Re-check", description: "Read everything again and judge", identifier: "recheck" }],
    externalId: `sha256:${digest}`,
  };
}

function sayTitle(group: GroupVerdict | null): string {
  if (group === null) return "Nobody can say which pull requests are in this merge group";
  const failed = group.members.find(({ holds }) => !holds);
  if (failed !== undefined) return `#${failed.number} does not hold in this merge group: ${failed.reasons[0] ?? ""}`;
  const numbers = group.members.map(({ number }) => `#${number}`).join(", ");
  return group.members.length === 1 ? `${numbers} holds as merged` : `All of ${numbers} hold as merged`;
}

function renderGroup(group: GroupVerdict | null): string {
  if (group === null) {
    return [
      "GitHub does not tell the members of this merge group, so nothing in it can be let through.",
      "",
      "**Next**",
      "",
      "- Queue the pull requests again. If it stays, see whether the app has the permission to read merge queues.",
    ].join("\n");
  }
  return [
    "Every pull request of the group was judged again, each on what the base branch would hold after it.",
    "",
    ...group.members.flatMap(renderMember),
  ].join("\n");
}

function renderMember({ number, holds, verdict, reasons }: GroupMemberVerdict): readonly string[] {
  if (holds) return [`- ✅ #${number}: ${escapeMarkdown(verdict?.title ?? "")}`];
  const [first = "it does not hold", ...more] = reasons;
  return [
    `- ❌ #${number}: ${escapeMarkdown(first, 600)}`,
    ...more.map((reason) => `  - ${escapeMarkdown(reason, 600)}`),
  ];
}
