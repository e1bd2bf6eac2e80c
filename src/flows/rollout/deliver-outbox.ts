import type { StoreOperations } from "../../ports/store.ts";
import { applyEffects } from "../apply-effects.ts";
import { rolloutOutboxKind, type RolloutEffect } from "../records.ts";
import type { RolloutRun } from "./rollout-run.ts";

/** Keeps effects on GitHub in the same commit as the state that they tell of, so that neither is lost without the other. */
export async function putInOutbox(
  run: RolloutRun,
  tx: StoreOperations,
  repository: string,
  effects: readonly RolloutEffect[],
): Promise<void> {
  if (effects.length === 0 || !repository.includes("/")) return;
  const current = await tx.getRecord(rolloutOutboxKind, run.key);
  const waiting = (current?.value.effects ?? []).filter(
    (effect) => !effects.some((next) => next.key === effect.key && next.type === effect.type),
  );
  await tx.putRecord({
    kind: rolloutOutboxKind,
    key: run.key,
    value: { ...run.name, repository, effects: [...waiting, ...effects] },
    expectedVersion: current?.version ?? 0,
    audit: { subject: run.subject },
  });
}

/**
 * Does what waits in the outbox, in its order. Repeatable: comments carry a marker, deployments a key.
 *
 * @throws GitHubError when GitHub does not take it; the rest waits for the next run
 */
export async function deliverOutbox(run: RolloutRun): Promise<void> {
  const { store, github } = run.ports;
  const outbox = await store.getRecord(rolloutOutboxKind, run.key);
  if (outbox === undefined) return;
  const [owner = "", name = ""] = outbox.value.repository.split("/");
  const repository = await github.openRepository(owner, name);
  await applyEffects(outbox.value.effects, repository, store, run.subject);
  await store.deleteRecord({
    kind: rolloutOutboxKind,
    key: run.key,
    expectedVersion: outbox.version,
    audit: { subject: run.subject },
  });
}
