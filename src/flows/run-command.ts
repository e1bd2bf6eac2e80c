import { authorise, type CommandAuthority, findAuthority } from "../core/commands/authorise.ts";
import { type Command, commandVerbs } from "../core/commands/command.ts";
import { matchFlagKey } from "../core/commands/match-flag-key.ts";
import { parseCommand } from "../core/commands/parse-command.ts";
import type { OwnerFacts } from "../core/facts.ts";
import { assertNever } from "../core/problem.ts";
import { parsePolicy } from "../core/policy/parse-policy.ts";
import { parseCodeowners } from "../core/reviewers/parse-codeowners.ts";
import type { RepositoryPort } from "../ports/github.ts";
import { applyEffects } from "./apply-effects.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import { describeWatch } from "./describe-watch.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { policyForReading } from "./gather-file-facts.ts";
import { gatherRules } from "./gather-rules.ts";
import type { Task } from "./plan-tasks.ts";
import { keyOfPull, type PullState, pullStateKind } from "./pull-state.ts";
import { requestPromotion } from "./proposals/request-promotion.ts";
import { approvedRouteKind, keyOfFlag, latchKind, liveStateKind, rolloutStatusKind, watchKind } from "./records.ts";
import { keyOfRehearsalJob } from "./run-flag-job.ts";
import { findWatch } from "./rollout/gather-records.ts";
import { pauseFlag, resumeFlag } from "./rollout/pause-flag.ts";
import { requestRollback } from "./rollout/roll-back.ts";

type CommandTask = Extract<Task, { kind: "run-command" }>;
type RouteSummary = NonNullable<PullState["verdict"]>["routes"][number];

const help = [
  "Routeward's commands, in the first line of a new comment:",
  "",
  "- `/routeward status [flagKey]`: what is live and what is asked",
  "- `/routeward recheck`: judge the pull request again",
  "- `/routeward rehearse [flagKey]`: prove that the way back works, on a disposable flag or, once the candidate is live, for a synthetic user of the live flag (ai-platform-owner)",
  "- `/routeward promote [flagKey]`: open the pull request that asks for the next stage of the plan (release-owner; whoever asks does not approve it)",
  "- `/routeward pause [flagKey]`: no further growth and no soaking; what is served stays (release-owner, ai-platform-owner, owner of the file)",
  "- `/routeward resume [flagKey]`: go on, when the guardrails pass and no freeze window holds (release-owner)",
  "- `/routeward rollback <reason> [flagKey]`: all traffic back to the baseline now (release-owner, ai-platform-owner, owner of the file)",
  "- `/routeward help`: this text",
].join("\n");

/** Somebody else's words inside our comment: one line, without markup, mentions or references. */
function plain(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, " ")
    .replaceAll(/[\\`*_{}[\]<>()#+!|@~]/g, (character) => (character === "@" ? "@\u200B" : `\\${character}`))
    .slice(0, 300);
}

async function findPulls(task: CommandTask, ports: FlowPorts): Promise<{ number: number; state: PullState }[]> {
  if (task.number > 0) {
    const record = await ports.store.getRecord(pullStateKind, keyOfPull(task.repository.id, task.number));
    return record === undefined ? [] : [{ number: task.number, state: record.value }];
  }
  // A button names a commit: ours is the pull request whose check run was published there.
  const headSha = task.body.split("\n")[1] ?? "";
  const records = await ports.store.listRecords(pullStateKind, `${task.repository.id}#`);
  return records
    .filter(({ value }) => value.published?.headSha === headSha)
    .map(({ value }) => ({ number: value.number, state: value }));
}

/** Owners are asked of GitHub only when the command needs one. */
async function gatherAuthority(
  path: string,
  port: RepositoryPort,
): Promise<{ authority: CommandAuthority; owners: readonly OwnerFacts[] }> {
  const rules = await gatherRules(port);
  const authority = findAuthority(parseCodeowners(rules.codeowners), policyForReading(rules.policy, rules.floor), path);
  const names = Object.values(authority).flatMap((found) => (found.kind === "found" ? [...found.owners] : []));
  return { authority, owners: await port.readOwners([...new Set(names)].sort()) };
}

async function describeStatus(route: RouteSummary, state: PullState, { ports, now }: Context): Promise<string> {
  const lines = [`**${plain(route.flagKey)}**: ${plain(state.verdict?.title ?? "not judged yet")}`];
  if (route.binding === null) return [...lines, "No FeatBit environment is bound to it."].join("\n");
  const key = keyOfFlag(route.binding, route.flagKey);
  const [live, latch, status, watch] = await Promise.all([
    ports.store.getRecord(liveStateKind, key),
    ports.store.getRecord(latchKind, key),
    ports.store.getRecord(rolloutStatusKind, key),
    ports.store.getRecord(watchKind, route.binding),
  ]);
  const stage = live?.value.stage ?? null;
  lines.push(
    stage === null
      ? "Live: baseline to everyone."
      : `Live: ${stage}, ${live?.value.share ?? 0} % of its audience, since ${live?.value.enteredAt ?? ""}.`,
  );
  const watched =
    live === undefined || latch !== undefined
      ? null
      : describeWatch(live.value, findWatch(watch?.value, route.flagKey), now.toISOString());
  if (watched !== null) lines.push(plain(watched));
  if (latch !== undefined) {
    const { by, reason, at } = latch.value;
    lines.push(
      `Rolled back at ${at} by ${plain(by)}: ${plain(reason)}. Only a merge approved after that goes forward again.`,
    );
  }
  if (status !== undefined && status.value.reason !== "")
    lines.push(`Rollout ${status.value.state}: ${plain(status.value.reason)}`);
  return lines.join("\n");
}

interface Context {
  task: CommandTask;
  port: RepositoryPort;
  ports: FlowPorts;
  now: Date;
}

/** A command on an old pull request acts only on its own candidate (SPEC 15). Null when it may go on. */
async function findNewerCandidate(route: RouteSummary, binding: string, ports: FlowPorts): Promise<string | null> {
  const live = await ports.store.getRecord(liveStateKind, keyOfFlag(binding, route.flagKey));
  const digest = live?.value.candidateDigest ?? null;
  if (digest === null || digest === route.candidateDigest) return null;
  return `Another candidate is live (${digest.slice(0, 24)}…). Use the pull request that brought it.`;
}

async function rollBack(route: RouteSummary, number: number, reason: string, context: Context): Promise<string | null> {
  const { task, ports, now } = context;
  if (route.binding === null) return "No FeatBit environment is bound to this route, so there is nothing to roll back.";
  const newer = await findNewerCandidate(route, route.binding, ports);
  if (newer !== null) return newer;
  await requestRollback(
    {
      binding: route.binding,
      flagKey: route.flagKey,
      by: `@${task.actor.login}`,
      reason: reason === "" ? "no reason given" : reason.slice(0, 300),
      cause: task.via === "button" ? "button" : "command",
      repository: `${task.repository.owner}/${task.repository.name}`,
      pull: number,
      requestId: task.requestId,
    },
    ports,
    () => now,
  );
  // The rollout itself answers once the baseline is proven.
  return null;
}

async function pause(route: RouteSummary, number: number, { task, ports, now }: Context): Promise<string> {
  if (route.binding === null) return "No FeatBit environment is bound to this route, so there is nothing to pause.";
  const newer = await findNewerCandidate(route, route.binding, ports);
  if (newer !== null) return newer;
  const { binding, flagKey } = route;
  const result = await pauseFlag(
    { binding, flagKey, by: `@${task.actor.login}`, reason: `asked for in #${number}`, requestId: task.requestId },
    ports,
    now,
  );
  if (result.kind === "not-live") return "Nothing of this route is live, so there is nothing to pause.";
  if (result.kind === "unchanged") return "The rollout is paused already.";
  const { stage, share } = result.live;
  return `Paused: ${plain(flagKey)} stays at ${stage ?? "the baseline"}, ${share} % of its audience. It neither grows nor soaks until \`/routeward resume\`; guardrails are still watched.`;
}

async function resume(route: RouteSummary, { task, port, ports, now }: Context): Promise<string> {
  if (route.binding === null) return "No FeatBit environment is bound to this route, so there is nothing to resume.";
  const newer = await findNewerCandidate(route, route.binding, ports);
  if (newer !== null) return newer;
  const rules = await gatherRules(port);
  const policy = parsePolicy(rules.policy, rules.floor, { requireFloor: ports.requireFloor });
  if (!policy.ok) return "Not resumed: the policy of the default branch cannot be read.";
  const { binding, flagKey } = route;
  const request = { binding, flagKey, by: `@${task.actor.login}`, requestId: task.requestId };
  const result = await resumeFlag(request, policy.value, ports, now);
  switch (result.kind) {
    case "not-live":
      return "Nothing of this route is live, so there is nothing to resume.";
    case "unchanged":
      return "The rollout is not paused.";
    case "refused":
      return `Not resumed: ${plain(result.reasons.join("; "))}. It stays paused; what is served stays.`;
    case "done":
      return `Resumed: ${plain(flagKey)} goes on from ${result.live.stage ?? "the baseline"}, ${result.live.share} % of its audience.`;
    default:
      return assertNever(result);
  }
}

async function promote(route: RouteSummary, number: number, { task, ports, now }: Context): Promise<string | null> {
  if (route.binding === null) return "No FeatBit environment is bound to this route, so there is nothing to promote.";
  const newer = await findNewerCandidate(route, route.binding, ports);
  if (newer !== null) return newer;
  const by = `@${task.actor.login}`;
  const asked = await requestPromotion(
    {
      binding: route.binding,
      flagKey: route.flagKey,
      askedBy: task.actor,
      by,
      why: `${by} asked for it in #${number}`,
      answerTo: number,
      requestId: task.requestId,
    },
    ports,
    now,
  );
  // The job that opens it answers.
  return asked.kind === "asked" ? null : `Not promoted: ${plain(asked.why)}.`;
}

async function rehearse(route: RouteSummary, number: number, context: Context): Promise<string | null> {
  const { task, ports } = context;
  if (route.binding === null) return "No FeatBit environment is bound to this route, so nothing can be rehearsed.";
  if (route.candidateDigest === null)
    return "The route has no candidate whose digest is known: mend the problems of the card first.";
  await ports.queue.enqueue("flag", keyOfRehearsalJob(route.binding, route.flagKey), {
    owner: task.repository.owner,
    name: task.repository.name,
    repositoryId: task.repository.id,
    number,
    path: route.path,
    by: `@${task.actor.login}`,
    requestId: task.requestId,
  });
  return null;
}

async function runOn(
  command: Command,
  found: { number: number; state: PullState },
  context: Context,
): Promise<string | null> {
  const { task, port, ports } = context;
  const routes = found.state.verdict?.routes ?? [];
  if (command.kind === "help") return help;
  if (command.kind === "recheck") {
    const person = await port.readPermission(task.actor.login);
    if (person?.canWrite !== true) return `Only people with write access may ask for a re-check.`;
    await enqueuePull(ports, task.repository, found.number, "button recheck");
    return null;
  }
  const match = matchFlagKey(
    command,
    routes.map(({ flagKey }) => flagKey),
  );
  const known = routes.map(({ flagKey }) => plain(flagKey)).join(", ");
  if (match.kind === "no-routes") return "This pull request changes no model route.";
  if (match.kind === "needed") return `This pull request changes several routes. Name one of: ${known}`;
  if (match.kind === "not-here") return `There is no flag ${plain(match.asked)} here. Known: ${known}`;
  const route = routes.find(({ flagKey }) => flagKey === match.flagKey);
  if (route === undefined) return "This pull request changes no model route.";
  if (command.kind === "status" || command.kind === "explain") return describeStatus(route, found.state, context);

  const approved =
    route.binding === null
      ? undefined
      : await ports.store.getRecord(approvedRouteKind, keyOfFlag(route.binding, route.flagKey));
  // At once: a rollback waits for both.
  const [person, { authority, owners }] = await Promise.all([
    port.readPermission(task.actor.login),
    gatherAuthority(approved?.value.path ?? route.path, port),
  ]);
  if (person === null || person.account.id !== task.actor.id)
    return "Your account could not be read, so the command was not run.";
  const allowed = authorise(command.kind, person, authority, owners);
  if (allowed.kind === "refused") return `Not done: ${plain(allowed.why)}. Who may: ${plain(allowed.whoMay)}.`;
  switch (command.kind) {
    case "rollback":
      return rollBack(route, found.number, match.reason, context);
    case "rehearse":
      return rehearse(route, found.number, context);
    case "pause":
      return pause(route, found.number, context);
    case "resume":
      return resume(route, context);
    case "promote":
      return promote(route, found.number, context);
    default:
      return assertNever(command.kind);
  }
}

/**
 * Runs what somebody asked for in a comment or with a button (SPEC 15). Every answer carries the request's id, so that a
 * repetition after a crash says and does nothing twice. Authority comes from the default branch, never from the head.
 */
export async function runCommand(task: CommandTask, ports: FlowPorts, now: Date): Promise<void> {
  const parsed = parseCommand(task.body);
  if (parsed.kind === "none" || task.actor.isBot) return;
  const port = await ports.github.openRepository(task.repository.owner, task.repository.name);
  const found = await findPulls(task, ports);
  const targets = found.length > 0 ? found : task.number > 0 ? [{ number: task.number, state: null }] : [];
  for (const { number, state } of targets) {
    const subject = `pull/${keyOfPull(task.repository.id, number)}`;
    let answer: string | null;
    if (parsed.kind === "unknown")
      answer = `Unknown command "${plain(parsed.word)}". Known: ${commandVerbs.join(", ")}.`;
    else if (state === null)
      answer = parsed.kind === "help" ? help : "This pull request has not been judged yet. Try again in a moment.";
    else answer = await runOn(parsed, { number, state }, { task, port, ports, now });
    await ports.store.appendAudit({
      type: "command",
      subject,
      data: { request: task.requestId, by: task.actor, command: parsed.kind, answered: answer !== null },
    });
    if (answer === null) continue;
    const marker = `routeward:answer:${task.requestId}`;
    await applyEffects(
      [{ type: "add-comment", key: marker, pull: number, marker, body: answer }],
      port,
      ports.store,
      subject,
    );
  }
}
