import { createHash } from "node:crypto";
import type { TreeEntry } from "../core/facts.ts";
import { isRoutePath } from "../core/policy/is-route-path.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { RepositoryPort } from "../ports/github.ts";
import { applyEffects } from "./apply-effects.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { policyForReading } from "./gather-file-facts.ts";
import { gatherRules } from "./gather-rules.ts";
import type { Task } from "./plan-tasks.ts";

const mostListed = 50;

/** Route files whose content differs between two commits; every one when the old commit is gone (a force push). */
async function findChangedRoutes(
  port: RepositoryPort,
  before: string,
  after: string,
  policy: Policy,
): Promise<string[]> {
  const routesOf = async (sha: string): Promise<Map<string, string>> => {
    const entries: readonly TreeEntry[] = (await port.readTree(sha))?.entries ?? [];
    return new Map(entries.filter(({ path }) => isRoutePath(policy, path)).map(({ path, oid }) => [path, oid]));
  };
  const [old, current] = await Promise.all([routesOf(before), routesOf(after)]);
  return [...new Set([...old.keys(), ...current.keys()])].filter((path) => old.get(path) !== current.get(path)).sort();
}

function describeIssue(paths: readonly string[], sha: string): { title: string; body: string } {
  const listed = paths.slice(0, mostListed).map((path) => `- \`${path.replaceAll(/[`\r\n]/g, "'")}\``);
  const rest = paths.length > mostListed ? [`- and ${paths.length - mostListed} more`] : [];
  return {
    title: "Route files changed on the default branch without a pull request",
    body: [
      `Commit ${sha} changed these route files without a merged pull request:`,
      "",
      ...listed,
      ...rest,
      "",
      "No flag moves because of it: FeatBit serves what was last approved.",
      "To go on, open a pull request with the content that is wanted and let it be approved and merged.",
    ].join("\n"),
  };
}

/**
 * After a push to the default branch: the merged pull requests behind it are settled (their own webhook may be lost), and a
 * direct push that changed route files gets an issue. No flag moves here (SPEC 12).
 */
export async function checkDefaultBranch(
  task: Extract<Task, { kind: "check-default-branch" }>,
  ports: FlowPorts,
): Promise<void> {
  const { repository, before, sha } = task;
  const port = await ports.github.openRepository(repository.owner, repository.name);
  const merged = await port.findMergedPulls(sha);
  for (const number of merged) await enqueuePull(ports, repository, number, "push to the default branch");
  if (merged.length > 0) return;

  const rules = await gatherRules(port);
  const changed = await findChangedRoutes(port, before, sha, policyForReading(rules.policy, rules.floor));
  if (changed.length === 0) return;
  const digest = createHash("sha256").update(changed.join("\n")).digest("hex").slice(0, 12);
  const marker = `routeward:direct-push:${sha}:${digest}`;
  await applyEffects(
    [{ type: "open-issue", key: marker, marker, ...describeIssue(changed, sha), labels: ["routeward"] }],
    port,
    ports.store,
    `repository/${repository.id}`,
  );
}
