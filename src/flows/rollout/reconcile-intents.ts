import { digestContents } from "../../core/rollout/compare-flag.ts";
import type { FlagSnapshot } from "../../core/rollout/flag.ts";
import type { EffectResult, OpenIntent } from "../../ports/store.ts";
import type { RolloutRun } from "./rollout-run.ts";

/**
 * Closes what earlier runs began and never ended (SPEC 12, "interrupted anywhere"): the flag itself says whether the write
 * arrived. What did not arrive is planned again from the facts, under its own key. Effects on GitHub stay open: they are
 * repeated from the outbox.
 */
export async function reconcileIntents(run: RolloutRun, flag: FlagSnapshot | null): Promise<void> {
  const { store } = run.ports;
  for (const intent of await store.openIntents(run.subject)) {
    if (!intent.key.startsWith("featbit:") || intent.effect === "rehearse") continue;
    await store.recordOutcome(intent.key, judgeIntent(intent, flag));
  }
}

function judgeIntent(intent: OpenIntent, flag: FlagSnapshot | null): EffectResult {
  const data: Readonly<Record<string, unknown>> = isRecord(intent.data) ? intent.data : {};
  const arrived = { status: "done" as const, data: { reconciled: "FeatBit shows it" } };
  const missing = { status: "failed" as const, data: { reconciled: "FeatBit does not show it" } };
  switch (intent.effect) {
    case "toggle-off":
      return flag === null || !flag.isEnabled ? arrived : missing;
    case "toggle-on":
      return flag?.isEnabled === true ? arrived : missing;
    default:
      return flag !== null && data["writes"] === digestContents(flag) ? arrived : missing;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
