import { z } from "zod";
import { parseCodeowners } from "../core/reviewers/parse-codeowners.ts";
import { fileOwnerRole, ownersOfRole } from "../core/reviewers/owners-of-role.ts";
import { decideReminder, reminderDays, type ReminderPoint } from "../core/proposals/decide-reminder.ts";
import { codeSpan, escapeMarkdown } from "../core/report/escape-markdown.ts";
import type { Effect } from "../core/effect.ts";
import type { ApprovedRoute } from "../core/facts.ts";
import type { RouteRecord } from "../core/routes/route-file.ts";
import { GitHubError, type RepositoryPort } from "../ports/github.ts";
import { applyEffects } from "./apply-effects.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { policyForReading } from "./gather-file-facts.ts";
import { readRules, readSnapshot } from "./gather-rules.ts";
import { approvedRouteKind, keyOfFlag, subjectOfFlag } from "./records.ts";
import { readApprovedContent } from "./rollout/read-approved-content.ts";

/** A route whose cleanup is due. */
interface Due {
  approved: ApprovedRoute;
  record: RouteRecord;
  date: string;
  point: ReminderPoint;
}

/** Earliest first: what was said at one of them names the issue for those after it. */
const points: readonly ReminderPoint[] = [...reminderDays.map((days) => `${days}-days` as const), "passed"];

/** A login or team that GitHub notifies; an address is left out. */
const mention = /^@[A-Za-z0-9][A-Za-z0-9-]{0,38}(?:\/[A-Za-z0-9._-]{1,100})?$/;

/**
 * Reminds the owners of routes whose `cleanup.by` or `reviewBy` nears or has passed (SPEC 12): one issue for each date, opened at the first
 * reminder and commented at the later ones. Each is said once; an issue that somebody closed stays closed. A route that is retired to be
 * removed is done, and one whose file is gone as well.
 *
 * @throws GitHubError the first that came, after all other routes were looked at
 */
export async function remindCleanups(ports: Pick<FlowPorts, "github" | "store">, now: Date): Promise<void> {
  let failure: GitHubError | null = null;
  for (const { value: approved } of await ports.store.listRecords(approvedRouteKind)) {
    const due = findDue(approved, now);
    if (due === null) continue;
    try {
      await remind(due, ports);
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== null) throw failure;
}

function findDue(approved: ApprovedRoute, now: Date): Due | null {
  const read = readApprovedContent(approved);
  if (!read.ok) return null;
  const { record } = read.content;
  const date = record.cleanup?.date ?? null;
  if (record.cleanup === null || date === null) return null;
  if (record.approval.status === "retired" && record.cleanup.decision === "remove") return null;
  const point = decideReminder(date, now.toISOString());
  return point === null ? null : { approved, record, date, point };
}

async function remind(due: Due, ports: Pick<FlowPorts, "github" | "store">): Promise<void> {
  const { approved, point } = due;
  const key = keyOfReminder(due, point);
  if (await wasSaid(key, ports)) return;
  const [owner = "", name = ""] = approved.repository.split("/");
  const port = await ports.github.openRepository(owner, name);
  const owners = await findOwners(approved.path, port);
  if (owners === null) return;
  const marker = `routeward:cleanup:${keyOfFlag(approved.binding, approved.flagKey)}:${due.date}`;
  const issue = await findIssue(due, ports);
  const effect: Effect =
    issue === null
      ? { type: "open-issue", key, marker, ...composeIssue(due, owners), labels: ["routeward"] }
      : {
          type: "add-comment",
          key,
          pull: issue,
          marker: `${marker}:${point}`,
          body: `${sayTime(due)} ${owners.join(" ")}`.trim(),
        };
  await applyEffects([effect], port, ports.store, subjectOfFlag(approved.binding, approved.flagKey));
}

function keyOfReminder({ approved, date }: Due, point: ReminderPoint): string {
  return `github:cleanup:${keyOfFlag(approved.binding, approved.flagKey)}:${date}:${point}`;
}

async function wasSaid(key: string, ports: Pick<FlowPorts, "store">): Promise<boolean> {
  const outcome = await ports.store.lastOutcome(key);
  return outcome !== undefined && outcome.status !== "failed";
}

const opened = z.object({ number: z.number() });

/** The issue of an earlier reminder of the same date. */
async function findIssue(due: Due, ports: Pick<FlowPorts, "store">): Promise<number | null> {
  for (const point of points) {
    const outcome = await ports.store.lastOutcome(keyOfReminder(due, point));
    const issue = opened.safeParse(outcome?.data);
    if (outcome !== undefined && outcome.status !== "failed" && issue.success) return issue.data.number;
  }
  return null;
}

/** Owners of the file on the default branch; null when the file is gone. */
async function findOwners(path: string, port: RepositoryPort): Promise<readonly string[] | null> {
  const { defaultBranch } = await port.readRepository();
  const sha = await port.readBranch(defaultBranch);
  if (sha === null) return null;
  const snapshot = await readSnapshot(port, sha);
  if (snapshot.complete && !snapshot.entries.some((entry) => entry.path === path)) return null;
  const { codeowners, policy } = await readRules(port, snapshot);
  const rules = policyForReading(policy, { kind: "absent" });
  const found = ownersOfRole(parseCodeowners(codeowners), rules, fileOwnerRole, path, "low");
  return found.kind === "found" ? found.owners.filter((name) => mention.test(name)) : [];
}

function sayTime({ date, point, record }: Due): string {
  const what = record.cleanup?.decision === "permanent" ? "review" : "removal";
  return point === "passed" ? `The date of the ${what}, ${date}, has passed.` : `The ${what} is due by ${date}.`;
}

function composeIssue(due: Due, owners: readonly string[]): { title: string; body: string } {
  const { approved, record, date } = due;
  const { cleanup } = record;
  const what = cleanup?.decision === "permanent" ? "Review" : "Cleanup";
  const next =
    cleanup?.decision === "permanent"
      ? "Decide whether the flag stays: a pull request that sets another `cleanup.reviewBy` keeps it, one that sets `decision: remove` and `by` ends it."
      : "`routeward cleanup` opens the pull request that makes the candidate the baseline and retires the flag; a pull request that sets another `cleanup.by` moves the date.";
  return {
    title: `${what} of ${approved.flagKey.slice(0, 128)} is due by ${date}`,
    body: [
      `${sayTime(due)} ${owners.join(" ")}`.trim(),
      "",
      `- flag ${codeSpan(approved.flagKey)} in ${codeSpan(approved.binding)}, file ${codeSpan(approved.path)}, from #${approved.pull}`,
      `- status ${codeSpan(record.approval.status)}; decided: ${cleanup?.decision ?? ""}`,
      `- answers for it: ${escapeMarkdown(cleanup?.owner ?? record.owner)}`,
      "",
      next,
      "This is said 14 days and 3 days before, and when the date has passed, here and nowhere else. Close it when you know enough: it stays closed.",
    ].join("\n"),
  };
}
