import { createHash } from "node:crypto";
import { z } from "zod";
import { findAuthority } from "../../core/commands/authorise.ts";
import type { Effect } from "../../core/effect.ts";
import { chooseEvidence } from "../../core/proposals/choose-evidence.ts";
import {
  composeByHand,
  composeCleanup,
  composePromotion,
  composeRollback,
  type ProposalOrigin,
  type ProposalText,
} from "../../core/proposals/compose-proposal.ts";
import { editRoute, type RouteEdit } from "../../core/proposals/edit-route.ts";
import { planCleanup, planPromotion, type ProposalGround } from "../../core/proposals/plan-proposal.ts";
import { renderPatch } from "../../core/proposals/render-patch.ts";
import { escapeMarkdown } from "../../core/report/escape-markdown.ts";
import { parseCodeowners } from "../../core/reviewers/parse-codeowners.ts";
import { identifyWatch } from "../../core/rollout/watch.ts";
import { wantedSoakOf } from "../../core/routes/wanted-soak.ts";
import { listWantedKinds } from "../../core/verdict/gates.ts";
import type { RepositoryPort } from "../../ports/github.ts";
import { applyEffects } from "../apply-effects.ts";
import { enqueuePull } from "../enqueue-pull.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { policyForReading } from "../gather-file-facts.ts";
import { readFiles, readRules, readSnapshot } from "../gather-rules.ts";
import { createPullState, keyOfPull, pullStateKind } from "../pull-state.ts";
import {
  type Proposal,
  proposalKind,
  proposalPurposes,
  rulesInForceKind,
  subjectOfFlag,
  watchKind,
} from "../records.ts";
import { findWatch } from "../rollout/gather-records.ts";
import { updateRecord } from "../update-record.ts";
import { gatherEvidence } from "./gather-evidence.ts";
import { readGround } from "./read-ground.ts";
import { findProposal, identifyProposal, keyOfProposal } from "./request-proposal.ts";

type ProposalPorts = Pick<FlowPorts, "github" | "store" | "queue">;

/** The pull request as it would be opened. */
interface Draft {
  text: ProposalText;
  baseRef: string;
  baseSha: string;
  path: string;
  isExecutable: boolean;
  before: string;
  after: string;
}

type Drafted = { kind: "draft"; draft: Draft } | { kind: "refused"; why: string };

/** What the port said, as `applyEffects` hands it on. */
const proposedSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("open"), number: z.number() }),
  z.object({ kind: z.literal("closed"), number: z.number(), merged: z.boolean() }),
  z.object({ kind: z.literal("forbidden") }),
]);

/**
 * Opens the pull requests of one flag that are asked for and not opened yet (SPEC 12, 13). Everything is read again: what makes no sense any
 * more is not opened. Repeatable: the branch's name finds what an earlier run opened, and answers carry a marker.
 *
 * @throws GitHubError when GitHub is away; the queue tries again
 */
export async function runProposals(flag: { binding: string; flagKey: string }, ports: ProposalPorts): Promise<void> {
  for (const purpose of proposalPurposes) {
    const proposal = await findProposal({ ...flag, purpose }, ports.store);
    if (proposal?.state === "asked") await runProposal(proposal, ports);
  }
}

async function runProposal(proposal: Proposal, ports: ProposalPorts): Promise<void> {
  const [owner = "", name = ""] = proposal.repository.split("/");
  const port = await ports.github.openRepository(owner, name);
  const drafted = await draftProposal(proposal, port, ports);
  if (drafted.kind === "refused") {
    const why = `The pull request was not opened: ${escapeMarkdown(drafted.why, 500)}.`;
    await answer(proposal, "refused", why, port, ports);
    return finish(proposal, { state: "refused", reason: drafted.why }, ports);
  }
  const { draft } = drafted;
  const branch = nameBranch(proposal);
  const subject = subjectOfFlag(proposal.binding, proposal.flagKey);
  const { text, baseRef, baseSha, path, isExecutable, after } = draft;
  const effect: Effect = {
    type: "propose-change",
    key: `github:propose:${keyOfProposal(proposal)}:${proposal.of}:${proposal.round}`,
    branch,
    baseRef,
    baseSha,
    path,
    text: after,
    isExecutable,
    message: text.message,
    title: text.title,
    body: text.body,
  };
  const [result] = await applyEffects([effect], port, ports.store, subject);
  const proposed = proposedSchema.parse(result?.data);
  if (proposed.kind === "forbidden") {
    const patch = renderPatch(path, draft.before, after);
    await answer(proposal, "by-hand", composeByHand(text, path, patch), port, ports);
    return finish(proposal, { state: "by-hand", reason: "the installation grants no contents: write" }, ports);
  }
  if (proposed.kind === "closed") {
    const { number, merged } = proposed;
    if (!proposal.isAgain || merged) {
      const reason = merged ? `#${number} was merged` : `#${number} was closed`;
      await answer(proposal, "closed", `Nothing was opened: ${reason}.`, port, ports);
      return finish(proposal, { state: "closed", pull: number, reason }, ports);
    }
    // Kept before the next one is opened, so that a crash in between opens one and not two.
    await finish(proposal, { state: "asked", reason: `#${number} was closed`, round: proposal.round + 1 }, ports);
    return runProposal({ ...proposal, round: proposal.round + 1 }, ports);
  }
  await adoptPull(proposal, proposed.number, port, ports);
  await answer(proposal, "open", `#${proposed.number} is open: ${escapeMarkdown(text.title)}.`, port, ports);
  return finish(proposal, { state: "open", pull: proposed.number, reason: "" }, ports);
}

/** Remembers who asked, so that only their approval does not count, and has the pull request judged with it (SPEC 6, 7). */
async function adoptPull(
  proposal: Proposal,
  number: number,
  port: RepositoryPort,
  ports: ProposalPorts,
): Promise<void> {
  const { id, owner, name } = await port.readRepository();
  const key = keyOfPull(id, number);
  const { askedBy } = proposal;
  await updateRecord(ports.store, pullStateKind, key, `pull/${key}`, (current) => {
    // Whoever asked first keeps away from it, whatever is asked later.
    if (current?.ownPull !== undefined) return undefined;
    return { ...(current ?? createPullState(proposal.repository, number)), ownPull: { askedBy } };
  });
  await enqueuePull(ports, { id, owner, name }, number, "proposal");
}

/** Tells whoever waits for it, where they asked or where the rollout reports. */
async function answer(
  proposal: Proposal,
  outcome: string,
  body: string,
  port: RepositoryPort,
  ports: ProposalPorts,
): Promise<void> {
  if (proposal.answerTo === null) return;
  const marker = `routeward-proposal ${keyOfProposal(proposal)}:${proposal.of}:${proposal.at}:${outcome}`;
  const effect: Effect = {
    type: "add-comment",
    key: `github:proposal:${marker}`,
    pull: proposal.answerTo,
    marker,
    body,
  };
  await applyEffects([effect], port, ports.store, subjectOfFlag(proposal.binding, proposal.flagKey));
}

async function finish(
  proposal: Proposal,
  change: Pick<Proposal, "state" | "reason"> & Partial<Pick<Proposal, "pull" | "round">>,
  ports: ProposalPorts,
): Promise<void> {
  const subject = subjectOfFlag(proposal.binding, proposal.flagKey);
  await updateRecord(ports.store, proposalKind, keyOfProposal(proposal), subject, (current) =>
    // Another one was asked for meanwhile: that has its own job.
    current?.of === proposal.of && current.round === proposal.round ? { ...current, ...change } : undefined,
  );
}

/** A branch that git and GitHub take, whatever the flag is called; the same for the same proposal. */
function nameBranch(proposal: Proposal): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([keyOfProposal(proposal), proposal.of, proposal.round]))
    .digest("hex")
    .slice(0, 12);
  const flag = proposal.flagKey.replaceAll(/[^A-Za-z0-9_-]+/g, "-").slice(0, 60);
  return `routeward/${proposal.purpose}/${flag}-${digest}`;
}

async function draftProposal(proposal: Proposal, port: RepositoryPort, ports: ProposalPorts): Promise<Drafted> {
  const read = await readGround(proposal.binding, proposal.flagKey, ports.store);
  if (!read.ok) return { kind: "refused", why: read.why };
  const { ground } = read;
  const { approved } = ground.content;
  const { defaultBranch } = await port.readRepository();
  const baseSha = await port.readBranch(defaultBranch);
  if (baseSha === null) return { kind: "refused", why: "the repository has no default branch" };
  const snapshot = await readSnapshot(port, baseSha);
  const entry = snapshot.entries.find(({ path }) => path === approved.path);
  const content = (await readFiles(port, snapshot.entries, [approved.path]))[approved.path];
  if (entry === undefined || content?.kind !== "text")
    return { kind: "refused", why: `${approved.path} is not on the default branch, or is no text` };
  if (content.text !== approved.text)
    return { kind: "refused", why: `${approved.path} on the default branch is not what was approved last` };

  const planned = await planEdit(proposal, ground, { port, ports, snapshot });
  if (planned.kind === "refused") return planned;
  const edited = editRoute(approved.path, content.text, planned.edit);
  if (!edited.ok) {
    const [problem] = edited.problems;
    return { kind: "refused", why: `${problem?.message ?? "the file cannot be edited"} ${problem?.fix ?? ""}`.trim() };
  }
  const draft: Draft = {
    text: planned.text,
    baseRef: defaultBranch,
    baseSha,
    path: approved.path,
    isExecutable: entry.mode === "executable",
    before: content.text,
    after: edited.value,
  };
  return { kind: "draft", draft };
}

type Planned = { kind: "planned"; edit: RouteEdit; text: ProposalText } | { kind: "refused"; why: string };

interface Reading {
  port: RepositoryPort;
  ports: ProposalPorts;
  snapshot: Awaited<ReturnType<typeof readSnapshot>>;
}

async function planEdit(proposal: Proposal, ground: ProposalGround, reading: Reading): Promise<Planned> {
  const { content, latch } = ground;
  const { approved } = content;
  const { flagKey, binding, by, why } = proposal;
  const { path, pull, candidateDigest } = approved;
  const origin = { flagKey, binding, path, by, why, pull, candidateDigest };
  const isStale = (status: string): boolean =>
    identifyProposal({ mergeSha: approved.mergeSha, status }) !== proposal.of;
  if (proposal.purpose === "promotion") return planPromotionEdit(proposal, ground, origin, reading);
  if (proposal.purpose === "rollback") {
    if (latch === null || isStale("rolled-back"))
      return { kind: "refused", why: "the rollback is over: something newer was approved" };
    const edit: RouteEdit = { kind: "status", status: "rolled-back", evidence: [] };
    return { kind: "planned", edit, text: composeRollback({ ...origin, latch }) };
  }
  const cleanup = planCleanup(ground);
  if (cleanup.kind === "refused") return cleanup;
  if (isStale("retired")) return { kind: "refused", why: "something newer was approved" };
  return { kind: "planned", edit: { kind: "cleanup" }, text: composeCleanup({ ...origin, cleanup: cleanup.value }) };
}

async function planPromotionEdit(
  proposal: Proposal,
  ground: ProposalGround,
  origin: ProposalOrigin,
  { port, ports, snapshot }: Reading,
): Promise<Planned> {
  const next = planPromotion(ground);
  if (next.kind === "refused") return next;
  const { content, live } = ground;
  const { approved, record, plan } = content;
  if (live === null || identifyProposal({ mergeSha: approved.mergeSha, status: next.value.status }) !== proposal.of)
    return { kind: "refused", why: "something newer was approved" };
  const sources = await readRules(port, snapshot);
  const rules = (await ports.store.getRecord(rulesInForceKind, approved.repository))?.value;
  const policy = policyForReading(sources.policy, rules?.floor ?? { kind: "absent" });
  const named = record.approval.evidence.flatMap((each) => (each.kind === "id" ? [each.id] : []));
  const records = await gatherEvidence(policy.evidenceFolder, snapshot, port);
  const wanted = listWantedKinds(policy, next.value.to);
  const chosen = chooseEvidence(records, wanted, named, approved.candidateDigest);
  const owners = findAuthority(parseCodeowners(sources.codeowners), policy, approved.path)["release-owner"];
  const watch = findWatch((await ports.store.getRecord(watchKind, proposal.binding))?.value, proposal.flagKey).entry;
  const text = composePromotion({
    ...origin,
    next: next.value,
    live,
    watch: watch?.of === identifyWatch(live) ? watch : null,
    wantedMs: wantedSoakOf(plan, policy, next.value.from),
    evidence: [...named, ...chosen.add],
    added: chosen.add,
    missing: chosen.missing,
    releaseOwners: owners.kind === "found" ? owners.owners.join(", ") : `nobody: ${owners.why}`,
  });
  return { kind: "planned", edit: { kind: "status", status: next.value.status, evidence: chosen.add }, text };
}
