import { openStore, type StoreLocation } from "../../src/adapters/store/open-store.ts";
import {
  keyOfFlag,
  latchKind,
  liveStateKind,
  rehearsalKind,
  rolloutOutboxKind,
  rolloutStatusKind,
} from "../../src/flows/records.ts";
import type { SimulatorRequest } from "../../src/simulators/loopback-server.ts";
import { bindingName, flagKey, type StoryWorld } from "./story-world.ts";

/** A request that changes something outside. Reading over GraphQL, tokens and redeliveries are none. */
export function isEffect({ method, path }: Pick<SimulatorRequest, "method" | "path">): boolean {
  return (
    method !== "GET" && !path.endsWith("/graphql") && !path.endsWith("/access_tokens") && !path.endsWith("/attempts")
  );
}

/** On the disposable flag of a rehearsal. A rehearsal that was interrupted is made again as a whole. */
function isOfRehearsal(path: string, body: unknown): boolean {
  return path.includes("__rehearsal") || JSON.stringify(body ?? null).includes("__rehearsal");
}

/** The same text in every run: without times, durations, and the ids that a world gives out. */
function normalise(text: string, { world }: StoryWorld): string {
  let same = text;
  for (const { number, headSha, mergeCommitSha } of world.github.pulls({ repo: world.repo, state: "all" })) {
    same = same.replaceAll(headSha, `<head of ${number}>`);
    if (mergeCommitSha === null) continue;
    same = same.replaceAll(mergeCommitSha, `<merge of ${number}>`);
    same = same.replaceAll(mergeCommitSha.slice(0, 12), `<merge of ${number}>`);
  }
  return (
    same
      .replaceAll(world.environment.id, "<environment>")
      // A segment is named by its id, which FeatBit draws.
      .replaceAll(/(?<=User is in segment[^[]{0,60}\[\\*")[0-9a-f-]{36}/g, "<segment>")
      // A comment's id, which GitHub gives out.
      .replaceAll(/routeward:answer:comment-\d+/g, "routeward:answer:<comment>")
      // Said of a rehearsal that a restart interrupted, and true only then.
      .replaceAll("; it was interrupted, and the times hold the interruption", "")
      // Drawn for each rehearsal from the time at which it was asked for.
      .replaceAll(/routeward-rehearsal-[0-9a-f]{8}-[0-9a-f-]{27}/g, "<synthetic user>")
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>")
      .replaceAll(/\b\d+\.\d+ s\b/g, "<seconds>")
      .replaceAll(/\b\d+ ms\b/g, "<milliseconds>")
      .replaceAll(/\b[0-9a-f]{40}\b/g, "<sha>")
  );
}

/** What of a request's body says what it does. */
function meaningOf(path: string, body: unknown): unknown {
  if (typeof body !== "object" || body === null) return null;
  if (path.endsWith("/check-runs") || /\/check-runs\/\d+$/.test(path)) {
    const { head_sha: sha, status, conclusion, output } = body as Record<string, unknown>;
    return { sha, status, conclusion, title: (output as { title?: string } | undefined)?.title };
  }
  const { revision: _revision, ...rest } = body as Record<string, unknown>;
  return rest;
}

/** Identity of an effect: equal for the same effect in every run. */
export function identify(request: { method: string; path: string; body: unknown }, story: StoryWorld): string {
  const path = request.path.replace(/\/(check-runs|deployments|comments)\/\d+/, "/$1/<id>");
  return normalise(`${request.method} ${path} ${JSON.stringify(meaningOf(request.path, request.body))}`, story);
}

/** What tells two cards with one title apart, within one world: the digest of everything that the check run shows. */
function contentOf(body: unknown): string {
  const hasId = typeof body === "object" && body !== null && "external_id" in body;
  return hasId && typeof body.external_id === "string" ? body.external_id : "";
}

/** Notes every effect that took place, in order. `doubled` are those that took place again with the same contents. */
export function recordEffects(story: StoryWorld): { list(): string[]; doubled(): string[] } {
  const seen: { method: string; path: string; body: unknown }[] = [];
  for (const server of [story.world.github.server, story.world.featbit.api]) {
    server.watch({
      after: (request, response) => {
        const { method, path, body } = request;
        if (!isEffect(request) || response.status >= 300 || isOfRehearsal(path, body)) return;
        seen.push({ method, path, body });
      },
    });
  }
  const list = (): string[] => seen.map((request) => identify(request, story));
  return {
    list,
    doubled() {
      const exact = seen.map((request) => `${identify(request, story)} ${contentOf(request.body)}`);
      return list().filter((_, at) => exact.indexOf(exact[at] ?? "") !== at);
    },
  };
}

/** What GitHub and FeatBit look like to people afterwards. */
export function describeOutside(story: StoryWorld): unknown {
  const { github, featbit, repo, environment } = story.world;
  const flag = featbit.findFlag(environment.id, flagKey);
  const pulls = github.pulls({ repo, state: "all" }).sort((a, b) => a.number - b.number);
  const outside = {
    pulls: pulls.map(({ number, state, merged, requestedReviewers, requestedTeams, headSha }) => ({
      number,
      state,
      merged,
      requestedReviewers: requestedReviewers.toSorted(),
      requestedTeams: requestedTeams.toSorted(),
      // Sorted: which of a flag's two jobs speaks first, the one that moves it or the one that opens its pull requests, is not promised.
      comments: github
        .comments({ repo, number })
        .map(({ author, body }) => normalise(`${author}: ${body}`, story))
        .toSorted(),
      // The newest run is what GitHub shows and what protection asks.
      check: github
        .checkRuns({ repo, sha: headSha })
        .slice(-1)
        .map(({ name, status, conclusion, title, summary }) => ({ name, status, conclusion, title, summary })),
    })),
    issues: github
      .issues({ repo })
      .map(({ title, body, author, state, labels }) => ({ title, body, author, state, labels })),
    deployments: github
      .deployments({ repo })
      .map(({ sha, task, environment: where, payload, statuses }) => ({ sha, task, where, payload, statuses })),
    flag:
      flag === undefined
        ? null
        : { ...flag, id: "", revision: "", createdAt: "", updatedAt: "", creatorId: "", updatorId: "" },
    changesOfFlag: featbit.audit.filter((row) => row.refId === flag?.id).map((row) => row.operation),
    hasRehearsalFlag: featbit.findFlag(environment.id, `${flagKey}__rehearsal`) !== undefined,
  };
  return JSON.parse(normalise(JSON.stringify(outside), story));
}

/** What the store says once no app runs. Opens it in this process. */
export async function describeStore(story: StoryWorld, location: StoreLocation): Promise<unknown> {
  const opened = await openStore(location, () => new Date());
  const { store } = opened;
  try {
    const key = keyOfFlag(bindingName, flagKey);
    const live = (await store.getRecord(liveStateKind, key))?.value;
    const latch = (await store.getRecord(latchKind, key))?.value;
    const status = (await store.getRecord(rolloutStatusKind, key))?.value;
    const rehearsals = await store.listRecords(rehearsalKind, `${key}/`);
    const inside = {
      findings: await store.verifyStore(),
      openIntents: (await store.openIntents()).map((intent) => `${intent.effect} ${intent.key}`),
      unfinishedDeliveries: (await store.listUnfinishedDeliveries()).map(({ event, lastError }) => ({
        event,
        lastError,
      })),
      outbox: (await store.listRecords(rolloutOutboxKind)).map(({ key: outboxKey }) => outboxKey),
      live: live === undefined ? null : { ...live, revision: "" },
      latch: latch ?? null,
      status: status === undefined ? null : { state: status.state, reason: status.reason },
      rehearsals: rehearsals.map(({ value }) => value.ok),
    };
    return JSON.parse(normalise(JSON.stringify(inside), story));
  } finally {
    await opened.close();
  }
}
