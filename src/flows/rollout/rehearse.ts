import { cut } from "../../core/problem.ts";
import { digestContents } from "../../core/rollout/compare-flag.ts";
import { checkOwnership, planTags } from "../../core/rollout/flag-identity.ts";
import { planRehearsal, type RehearsalPlan } from "../../core/rollout/plan-rehearsal.ts";
import type { Probe } from "../../core/rollout/probe.ts";
import type { ServedBundles } from "../../core/rollout/served-value.ts";
import type { Rehearsal } from "../../core/facts.ts";
import { FeatBitError, type FlagPort, type ProofResult } from "../../ports/featbit.ts";
import type { Store } from "../../ports/store.ts";
import { keyOfFlag, rehearsalKind, subjectOfFlag } from "../records.ts";
import { updateRecord } from "../update-record.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

const proofDeadlineMs = 10_000;

export interface RehearsalRequest extends ServedBundles {
  binding: string;
  flagKey: string;
  candidate: NonNullable<ServedBundles["candidate"]>;
  /** `owner/name`. */
  repository: string;
  /** Who asked. */
  by: string;
}

/** Key of the rehearsal's record: one for each candidate. */
export function keyOfRehearsal(binding: string, flagKey: string, candidateDigest: string): string {
  return `${keyOfFlag(binding, flagKey)}/${candidateDigest}`;
}

/**
 * Shows before real users are exposed that the way back works (SPEC 13): on a disposable flag the candidate goes to one
 * made-up user, then the flag goes off; both are proven through the SDK and timed, and recorded for this candidate. What a
 * crashed rehearsal left behind is removed first, so it may be run again at any time.
 *
 * A rehearsal that shows something wrong is a result: `ok` is false and `detail` says what.
 * @throws FeatBitError when FeatBit refuses or is away
 */
export async function rehearse(
  request: RehearsalRequest,
  ports: Pick<RolloutPorts, "flags" | "store" | "stopwatch" | "routeProbes">,
  now: () => Date,
): Promise<Rehearsal> {
  const { binding, flagKey, by } = request;
  const flags = ports.flags.get(binding);
  if (flags === undefined)
    return describe(request, now(), {
      ok: false,
      forwardMs: 0,
      backMs: 0,
      detail: `this process has no binding ${binding}`,
    });
  const plan = planRehearsal({ binding, flagKey }, request);
  const stage: RehearsalStage = {
    plan,
    flags,
    store: ports.store,
    subject: subjectOfFlag(binding, flagKey),
    attempt: now().toISOString(),
    comment: cut(`routeward: rehearsal of ${request.repository} ${flagKey} for ${by}`, 200),
    repository: request.repository,
  };

  const foreign = await clearLeftOver(stage);
  const result =
    foreign === null
      ? await askRoute(request, await playRehearsal(stage, ports.stopwatch), ports)
      : { ok: false, forwardMs: 0, backMs: 0, detail: foreign };
  const rehearsal = describe(request, now(), result);
  const key = keyOfRehearsal(binding, flagKey, request.candidate.digest);
  await updateRecord(ports.store, rehearsalKind, key, stage.subject, () => rehearsal);
  return rehearsal;
}

/** A way back that is proven is worth nothing when the route behind it does not answer, where the operator has that asked. */
async function askRoute(
  { binding, flagKey }: RehearsalRequest,
  result: Result,
  { routeProbes }: Pick<RolloutPorts, "routeProbes">,
): Promise<Result> {
  const route = result.ok ? ((await routeProbes.get(binding)?.probe(flagKey)) ?? null) : null;
  if (route === null) return result;
  return route.ok
    ? { ...result, route, detail: `${result.detail}; the baseline route answered ${route.status} over HTTP` }
    : { ...result, route, ok: false, detail: `the baseline route did not answer over HTTP: ${route.why}` };
}

interface RehearsalStage {
  plan: RehearsalPlan;
  flags: FlagPort;
  store: Store;
  subject: string;
  /** Tells the effects of this attempt from those of earlier ones. */
  attempt: string;
  comment: string;
  repository: string;
}

type Result = Pick<Rehearsal, "ok" | "forwardMs" | "backMs" | "detail" | "route">;

async function clearLeftOver(stage: RehearsalStage): Promise<string | null> {
  const { flags, plan } = stage;
  // Earlier attempts are over, whatever became of them: the flag that they used is removed below.
  for (const intent of await stage.store.openIntents(stage.subject)) {
    if (intent.effect === "rehearse")
      await stage.store.recordOutcome(intent.key, { status: "failed", data: { reconciled: "interrupted" } });
  }
  const left = await flags.readFlag(plan.flag.flagKey);
  if (left === null) return null;
  const foreign = checkOwnership(left, plan.flag, stage.repository, false);
  if (foreign !== null) return foreign;
  await doEffect(stage, "delete-left-over", () => flags.deleteFlag(plan.flag.flagKey, stage.comment));
  return null;
}

async function playRehearsal(stage: RehearsalStage, stopwatch: () => number): Promise<Result> {
  const { flags, plan } = stage;
  const key = plan.flag.flagKey;
  try {
    await doEffect(stage, "create", () =>
      flags.createFlag({
        key,
        name: key,
        description: "Disposable: Routeward shows on it that the way back works, and deletes it.",
        type: plan.before.variations.length > 2 ? "json" : "string",
        variations: plan.before.variations,
        offVariationId: plan.before.offVariationId,
        tags: planTags(stage.repository),
      }),
    );
    const created = await flags.readFlag(key);
    if (created === null || digestContents(created) !== digestContents(plan.before))
      return fail("the disposable flag is not as it was created");
    const begun = stopwatch();
    await doEffect(stage, "forward", () =>
      flags.putTargeting(key, created.revision, plan.forward.targeting, stage.comment),
    );
    const forward = await flags.prove(key, plan.forwardProbes, { deadlineMs: proofDeadlineMs });
    const forwardMs = Math.round(stopwatch() - begun);
    if (!forward.ok) return { ...fail(explainProof("forward", forward)), forwardMs };
    const turned = stopwatch();
    await doEffect(stage, "back", () => flags.toggle(key, false, stage.comment));
    const back = await flags.prove(key, plan.backProbes, { deadlineMs: proofDeadlineMs });
    const backMs = Math.round(stopwatch() - turned);
    if (!back.ok) return { ...fail(explainProof("back", back)), forwardMs, backMs };
    return {
      ok: true,
      forwardMs,
      backMs,
      detail: `candidate served after ${forwardMs} ms, baseline again ${backMs} ms after off`,
    };
  } finally {
    await doEffect(stage, "delete", () => flags.deleteFlag(key, stage.comment)).catch((error: unknown) => {
      // Best effort: the next rehearsal removes what stays, and the result must not be lost for it.
      if (!(error instanceof FeatBitError)) throw error;
    });
  }
}

async function doEffect(stage: RehearsalStage, what: string, act: () => Promise<unknown>): Promise<void> {
  const key = `rehearse:${stage.plan.flag.binding}/${stage.plan.flag.flagKey}:${stage.attempt}:${what}`;
  await stage.store.recordIntent({
    key,
    effect: "rehearse",
    subject: stage.subject,
    data: { what, flag: stage.plan.flag.flagKey },
  });
  try {
    await act();
  } catch (error) {
    if (error instanceof FeatBitError)
      await stage.store.recordOutcome(key, { status: "failed", data: { kind: error.kind, status: error.status } });
    throw error;
  }
  await stage.store.recordOutcome(key, { status: "done" });
}

function explainProof(way: string, proof: ProofResult): string {
  const wrong = proof.results.filter((result) => !result.ok);
  const describeOne = (probe: Probe, served: { variation: string } | null): string =>
    `${probe.name} gets ${served?.variation ?? "nothing"} instead of ${probe.expected.variation}`;
  return cut(`${way}: ${wrong.map(({ probe, served }) => describeOne(probe, served)).join("; ")}`, 400);
}

function fail(detail: string): Result {
  return { ok: false, forwardMs: 0, backMs: 0, detail };
}

function describe(request: RehearsalRequest, at: Date, result: Result): Rehearsal {
  return {
    binding: request.binding,
    flagKey: request.flagKey,
    candidateDigest: request.candidate.digest,
    at: at.toISOString(),
    by: request.by,
    where: "disposable",
    route: null,
    ...result,
  };
}
