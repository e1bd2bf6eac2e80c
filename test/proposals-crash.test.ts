import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRoutePull, repo, startTestWorld, type TestWorld } from "../src/adapters/github/test-world.ts";
import { openStore, type OpenedStore } from "../src/adapters/store/open-store.ts";
import type { ApprovedRoute, LiveState } from "../src/core/facts.ts";
import { digestBundle } from "../src/core/routes/digest-bundle.ts";
import { stageOf } from "../src/core/routes/stage-of.ts";
import { routeOf, routeText } from "../src/core/routes/test-route.ts";
import { keyOfPull, pullStateKind } from "../src/flows/pull-state.ts";
import {
  approvedRouteKind,
  keyOfFlag,
  latchKind,
  liveStateKind,
  proposalKind,
  type ProposalPurpose,
  subjectOfFlag,
} from "../src/flows/records.ts";
import { requestProposal } from "../src/flows/proposals/request-proposal.ts";
import { runProposals } from "../src/flows/proposals/run-proposals.ts";
import { updateRecord } from "../src/flows/update-record.ts";
import type { GitHubPort } from "../src/ports/github.ts";
import { arm, type Bomb, createBomb, Killed } from "./crash.ts";

const binding = "acme-production";
const now = (): Date => new Date("2026-06-16T09:00:00Z");
const rita = { id: 77, login: "rita", isBot: false };
const mergeSha = "a".repeat(40);

let world: TestWorld;
let directory: string;
let opened: OpenedStore;
/** Where the answers go. */
let asked = 0;

beforeAll(async () => {
  world = await startTestWorld();
  directory = mkdtempSync(join(tmpdir(), "routeward-proposals-"));
  opened = await openStore({ dataDir: directory }, now);
  asked = openRoutePull(world.simulator).number;
});
afterAll(async () => {
  await opened.close();
  await world.close();
  rmSync(directory, { recursive: true, force: true });
});

function armPorts(bomb: Bomb): Parameters<typeof runProposals>[1] {
  const github: GitHubPort = {
    ...world.port,
    openRepository: async (owner, name) => arm("GitHub", await world.port.openRepository(owner, name), bomb),
  };
  return { github, store: arm("store", opened.store, bomb), queue: arm("queue", opened.queue, bomb) };
}

const statusOf: Readonly<Record<ProposalPurpose, string>> = {
  promotion: "approved-for-internal-canary",
  rollback: "approved-for-internal-canary",
  cleanup: "approved-as-default",
};
const askedStatus: Readonly<Record<ProposalPurpose, string>> = {
  promotion: "approved-as-default",
  rollback: "rolled-back",
  cleanup: "retired",
};

/** A live route in store and repository, and the wish for a pull request. */
async function prepare(flagKey: string, purpose: ProposalPurpose): Promise<void> {
  const path = `model-routes/${flagKey}.yaml`;
  const text = routeText(
    [
      `flagKey: ${flagKey}`,
      "owner: team",
      "baseline: { model: a }",
      "candidate: { model: b }",
      `approval: { status: ${statusOf[purpose]} }`,
      "exposure: { plan: [{ stage: internal-canary, audience: inside }, { stage: default }] }",
      "cleanup: { decision: remove, by: 2027-01-31, owner: o }",
    ].join("\n"),
  );
  world.simulator.pushFiles({ repo, branch: "main", message: flagKey, files: { [path]: text }, author: "ann" });
  const { record } = routeOf(text, path);
  const name = { binding, flagKey };
  const digests = {
    candidateDigest: record.candidate === null ? null : digestBundle(record.candidate, {}),
    baselineDigest: digestBundle(record.baseline, {}) ?? "",
  };
  const approved: ApprovedRoute = {
    ...name,
    ...digests,
    environment: "production",
    repository: repo,
    path,
    text,
    files: {},
    audiences: {},
    mergeSha,
    pull: asked,
    approvedAt: now().toISOString(),
    approvers: [],
    tier: "high",
  };
  const live: LiveState = {
    ...name,
    ...digests,
    stage: stageOf(record, { audiences: {} }),
    step: 0,
    share: 100,
    audiences: [],
    excluded: [],
    targetingDigest: "",
    revision: "",
    mergeSha,
    enteredAt: now().toISOString(),
    soakedMs: 0,
    provenAt: now().toISOString(),
    paused: null,
  };
  const key = keyOfFlag(binding, flagKey);
  const subject = subjectOfFlag(binding, flagKey);
  await updateRecord(opened.store, approvedRouteKind, key, subject, () => approved);
  await updateRecord(opened.store, liveStateKind, key, subject, () => live);
  if (purpose === "rollback") {
    const latch = {
      ...name,
      at: now().toISOString(),
      by: "@rita",
      reason: "bad",
      cause: "command" as const,
      candidateDigest: null,
      repository: repo,
      pull: asked,
    };
    await updateRecord(opened.store, latchKind, key, subject, () => latch);
  }
  const request = {
    ...name,
    purpose,
    mergeSha,
    status: askedStatus[purpose],
    askedBy: rita,
    by: "@rita",
    why: "asked",
    repository: repo,
    answerTo: asked,
    isAgain: true,
  };
  await opened.store.transaction((tx) => requestProposal(request, opened, tx, now()));
}

/** What people find afterwards. */
async function describeEnd(flagKey: string, purpose: ProposalPurpose): Promise<unknown> {
  const pulls = world.simulator.pulls({ repo, state: "all" }).filter(({ headRef }) => headRef.includes(`/${flagKey}-`));
  const { id } = await world.repository.readRepository();
  const states = await Promise.all(
    pulls.map(
      async ({ number }) => (await opened.store.getRecord(pullStateKind, keyOfPull(id, number)))?.value.ownPull,
    ),
  );
  const comments = world.simulator
    .comments({ repo, number: asked })
    .filter(({ body }) => body.includes(`/${flagKey}/`))
    .map(({ body }) => body.replaceAll(/#\d+/g, "#n").split("\n").slice(1));
  const proposal = (await opened.store.getRecord(proposalKind, `${keyOfFlag(binding, flagKey)}/${purpose}`))?.value;
  const [first] = pulls;
  const text =
    first === undefined
      ? ""
      : world.simulator.readFile({ repo, ref: first.headRef, path: `model-routes/${flagKey}.yaml` });
  const end = {
    pulls: pulls.map(({ state, title }) => [state, title]),
    states,
    comments,
    proposal: [proposal?.state, proposal?.round, proposal?.pull === first?.number],
    text,
    open: await opened.store.openIntents(subjectOfFlag(binding, flagKey)),
  };
  return JSON.parse(JSON.stringify(end).replaceAll(flagKey, "FLAG"));
}

describe.each<ProposalPurpose>(["promotion", "rollback", "cleanup"])("a process that dies opening a %s", (purpose) => {
  it("is continued by the next from every point: one pull request, one answer, and who asked is known", async () => {
    const play = async (flagKey: string, at: number): Promise<{ end: unknown; died: string | null }> => {
      await prepare(flagKey, purpose);
      const flag = { binding, flagKey };
      const bomb = createBomb(at);
      await runProposals(flag, armPorts(bomb)).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      // Once to go on, and once more because a job may run again after it has finished.
      await runProposals(flag, armPorts(createBomb()));
      await runProposals(flag, armPorts(createBomb()));
      return { end: await describeEnd(flagKey, purpose), died: at > 0 && bomb.count === at ? bomb.last : null };
    };
    const undisturbed = await play(`${purpose}-0`, 0);
    expect(undisturbed.end).toMatchObject({ pulls: [["open", expect.any(String)]], states: [{ askedBy: rita }] });
    const deaths: string[] = [];
    for (let at = 1; ; at += 1) {
      const { end, died } = await play(`${purpose}-${at}`, at);
      if (died === null) break;
      deaths.push(died);
      expect(end, `after ${died}, effect ${at}`).toEqual(undisturbed.end);
    }
    const kinds = ["addComment", "proposeChange"].map((method) => `GitHub.${method}`);
    expect([...new Set(deaths)].sort()).toEqual([
      ...kinds,
      "queue.enqueue",
      ...["putRecord", "recordIntent", "recordOutcome"].map((method) => `store.${method}`),
    ]);
  });
});
