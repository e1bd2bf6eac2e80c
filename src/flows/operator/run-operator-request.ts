import type { BindingFacts } from "../../core/facts.ts";
import { assertNever, cut } from "../../core/problem.ts";
import { matchesKey } from "../../core/risk/check-transition.ts";
import { suggestWord } from "../../core/yaml/suggest-word.ts";
import { FeatBitError } from "../../ports/featbit.ts";
import { GitHubError } from "../../ports/github.ts";
import { UnreadableRecordError } from "../../ports/store.ts";
import type { FlowPorts } from "../flow-ports.ts";
import {
  approvedRouteKind,
  flagClaimKind,
  keyOfFlag,
  latchKind,
  liveStateKind,
  rehearsalKind,
  rolloutStatusKind,
  subjectOfFlag,
} from "../records.ts";
import { requestCleanup } from "../proposals/request-cleanup.ts";
import { adoptFlag } from "../rollout/adopt-flag.ts";
import { requestRollback } from "../rollout/roll-back.ts";
import { describeFlag } from "./describe-flag.ts";
import { listRouteStatus } from "./list-route-status.ts";
import type { OperatorAnswer, OperatorRequest, OperatorResults } from "./operator-request.ts";
import { requestRehearsal } from "./request-rehearsal.ts";
import { transferClaim } from "./transfer-claim.ts";

type Of<Kind extends OperatorRequest["kind"]> = Extract<OperatorRequest, { kind: Kind }>;

/** Who asks and what of the world is used. */
interface Asked {
  /** As it stands in records and on pull requests. */
  by: string;
  ports: FlowPorts;
  now: () => Date;
  /** Resolves after the milliseconds; rejects when the process stops. */
  sleep: (milliseconds: number) => Promise<void>;
}

/** Between two looks at the store while somebody waits for a proof. */
const lookEveryMs = 100;

const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });
const answer = <Result>(result: Result): { ok: true; result: Result } => ({ ok: true, result });

function findBinding(name: string, flagKey: string, ports: FlowPorts): BindingFacts | string {
  const binding = ports.bindings.find((each) => each.name === name);
  if (binding === undefined) {
    const known = ports.bindings.map((each) => each.name);
    const near = suggestWord(name, known);
    return `there is no binding ${name}; ${near === null ? `known: ${known.join(", ")}` : `did you mean ${near}?`}`;
  }
  return binding.flagKeys.some((pattern) => matchesKey(pattern, flagKey))
    ? binding
    : `binding ${name} does not let Routeward move flag ${cut(flagKey)}; its patterns are ${cut(binding.flagKeys.join(", "))}`;
}

async function showFlag(request: Of<"show-flag">, { ports }: Asked): Promise<OperatorAnswer<"show-flag">> {
  const flags = ports.flags.get(request.binding);
  const flag = flags === undefined ? null : await describeFlag(request, flags, ports.store);
  return flag === null ? refuse(`FeatBit has no flag ${cut(request.flagKey)}; a merge creates it`) : answer(flag);
}

async function adopt(request: Of<"adopt">, { by, ports, now }: Asked): Promise<OperatorAnswer<"adopt">> {
  const flag = await ports.flags.get(request.binding)?.readFlag(request.flagKey);
  if (flag !== null && flag?.revision !== request.revision)
    return refuse("the flag was changed in FeatBit since it was shown; look again");
  if (flag?.isArchived === true) return refuse("the flag is archived in FeatBit; restore it there first");
  const { binding, flagKey } = request;
  const result = await adoptFlag({ binding, flagKey, by }, ports, now);
  return result.ok ? answer({ adoptedAt: now().toISOString() }) : refuse(result.reason);
}

/** Only what Routeward moved can be rolled back: its way back leads to a baseline that somebody approved. */
async function rollBack(request: Of<"rollback">, { by, ports, now }: Asked): Promise<OperatorAnswer<"rollback">> {
  const { binding, flagKey, reason, requestId } = request;
  const key = keyOfFlag(binding, flagKey);
  const approved = await orUntrusted(ports.store.getRecord(approvedRouteKind, key));
  const live = await orUntrusted(ports.store.getRecord(liveStateKind, key));
  if (approved === undefined && live === undefined) {
    const known = (await ports.store.listRecords(rolloutStatusKind, `${binding}/`)).map(({ value }) => value.flagKey);
    const near = suggestWord(flagKey, known);
    const hint = near === null ? "switch it off in FeatBit if it must stop serving" : `did you mean ${near}?`;
    return refuse(`Routeward has never moved flag ${cut(flagKey)} of binding ${binding}; ${hint}`);
  }
  const repository = approved === "untrusted" || approved === undefined ? "" : approved.value.repository;
  const latch = await requestRollback(
    { binding, flagKey, by, reason, cause: "cli", repository, pull: null, requestId },
    ports,
    now,
  );
  return answer({ at: latch?.at ?? null });
}

/** A record that cannot be trusted stops no rollback: it is as good as there. */
async function orUntrusted<T>(record: Promise<T>): Promise<T | "untrusted"> {
  try {
    return await record;
  } catch (error) {
    if (error instanceof UnreadableRecordError) return "untrusted";
    throw error;
  }
}

/** Looks until the answer is there or the time is over; then gives the last one. */
async function lookUntil<T>(
  asked: Asked,
  waitMs: number,
  look: () => Promise<T>,
  isThere: (seen: T) => boolean,
): Promise<T> {
  const begun = asked.ports.stopwatch();
  for (;;) {
    const seen = await look();
    if (isThere(seen) || asked.ports.stopwatch() - begun >= waitMs) return seen;
    await asked.sleep(lookEveryMs);
  }
}

async function readRollback(
  { binding, flagKey, since }: Of<"await-rollback">,
  { store }: FlowPorts,
): Promise<OperatorResults["await-rollback"]> {
  const key = keyOfFlag(binding, flagKey);
  const [latch, live, status] = await Promise.all([
    store.getRecord(latchKind, key),
    store.getRecord(liveStateKind, key),
    store.getRecord(rolloutStatusKind, key),
  ]);
  const state = status?.value.state ?? "idle";
  const reason = status?.value.reason ?? "";
  const isBaseline = live?.value.stage === null;
  const isNew = isBaseline && Date.parse(live.value.provenAt) >= Date.parse(since);
  // A flag that was off and proven before keeps the time of that proof; its job has nothing to prove again.
  const isStill =
    state === "off" &&
    (Date.parse(status?.value.since ?? "") >= Date.parse(since) || (isBaseline && reason === latch?.value.reason));
  const proven = latch !== undefined && (isNew || isStill);
  const milliseconds = proven && isNew ? Date.parse(live.value.provenAt) - Date.parse(since) : null;
  return { proven, milliseconds, state, reason };
}

async function readRehearsal(
  { binding, flagKey, since }: Of<"await-rehearsal">,
  by: string,
  { store }: FlowPorts,
): Promise<OperatorResults["await-rehearsal"]> {
  const records = await store.listRecords(rehearsalKind, `${keyOfFlag(binding, flagKey)}/`);
  const newest = records
    .map(({ value }) => value)
    .filter((each) => each.by === by && Date.parse(each.at) >= Date.parse(since))
    .toSorted((one, other) => (one.at < other.at ? 1 : -1))[0];
  if (newest === undefined) return { rehearsal: null };
  const { ok, candidateDigest, forwardMs, backMs, detail } = newest;
  return { rehearsal: { ok, candidateDigest, forwardMs, backMs, detail } };
}

async function runOn(request: OperatorRequest, asked: Asked): Promise<OperatorAnswer> {
  const { by, ports, now } = asked;
  if (request.kind === "status") return answer({ routes: await listRouteStatus(request.flagKey, ports, now()) });
  const binding = findBinding(request.binding, request.flagKey, ports);
  if (typeof binding === "string") return refuse(binding);
  switch (request.kind) {
    case "show-flag":
      return showFlag(request, asked);
    case "adopt":
      return adopt(request, asked);
    case "show-claim": {
      const claim = await ports.store.getRecord(
        flagClaimKind,
        keyOfFlag(request.binding, request.flagKey.toLowerCase()),
      );
      const holder = claim === undefined ? null : { repository: claim.value.repository, path: claim.value.path };
      return answer({ holder });
    }
    case "transfer": {
      const { flagKey, from, to } = request;
      const result = await transferClaim({ binding, flagKey, from, to, by }, ports, now());
      return result.ok ? answer({ holder: result.holder }) : refuse(result.reason);
    }
    case "rollback":
      return rollBack(request, asked);
    case "await-rollback":
      return answer(
        await lookUntil(
          asked,
          request.waitMs,
          () => readRollback(request, ports),
          ({ proven }) => proven,
        ),
      );
    case "rehearse": {
      const result = await requestRehearsal({ ...request, by }, ports, now());
      return typeof result === "string" ? refuse(result) : answer(result);
    }
    case "cleanup": {
      const { flagKey, requestId } = request;
      const outcome = await requestCleanup(
        { binding: request.binding, flagKey, askedBy: null, by, requestId },
        ports,
        now(),
      );
      return outcome.kind === "refused" ? refuse(outcome.why) : answer({ askedAt: now().toISOString() });
    }
    case "await-rehearsal":
      return answer(
        await lookUntil(
          asked,
          request.waitMs,
          () => readRehearsal(request, by, ports),
          ({ rehearsal }) => rehearsal !== null,
        ),
      );
    default:
      return assertNever(request);
  }
}

/**
 * Does what the operator asks on the machine that Routeward runs on (SPEC 4, 13, 16). Who asked and what is in the audit log
 * before anything happens. What FeatBit or GitHub refuses is an answer in words, not a failure of Routeward.
 *
 * @param user the operator's user of the operating system
 */
export async function runOperatorRequest(
  request: OperatorRequest,
  user: string,
  ports: FlowPorts,
  time: { now: () => Date; sleep: (milliseconds: number) => Promise<void> },
): Promise<OperatorAnswer> {
  const by = `operator ${user}`;
  const subject = "binding" in request ? subjectOfFlag(request.binding, request.flagKey) : "operator";
  await ports.store.appendAudit({ type: "operator.request", subject, data: { by, request } });
  try {
    return await runOn(request, { by, ports, ...time });
  } catch (error) {
    if (error instanceof FeatBitError || error instanceof GitHubError) return refuse(error.message);
    throw error;
  }
}
