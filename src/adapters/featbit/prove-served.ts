import type { FlagSnapshot } from "../../core/rollout/flag.ts";
import type { Probe, ProbeResult } from "../../core/rollout/probe.ts";
import { FeatBitError, type ProofResult, type ProveOptions } from "../../ports/featbit.ts";
import { evaluateProbe } from "./evaluate-probe.ts";
import { checkHeldFlag } from "./parse-answers.ts";
import type { SdkConnection } from "./sdk-connection.ts";

export interface Prover {
  prove(flagKey: string, probes: readonly Probe[], options: ProveOptions): Promise<ProofResult>;
  close(): Promise<void>;
}

export interface ProverOptions {
  /** The flag as the management API answers it now. */
  readFlag: (flagKey: string) => Promise<FlagSnapshot>;
  connect: () => SdkConnection;
  /**
   * Milliseconds that the SDK may hold another flag than the API before it is replaced by a new client. A stream that was
   * closed with 4003 stays silent for ever, and the SDK's own pauses between attempts grow to a minute and never shrink.
   */
  renewAfterMs: number;
}

const pollMs = 200;

interface Look {
  isCurrent: boolean;
  results: ProbeResult[];
}

/** Waits for news or the pause, whichever comes first. */
function waitForNews(connection: SdkConnection, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = connection.onData(() => finish());
    const timer = setTimeout(() => finish(), milliseconds);
    const finish = (): void => {
      clearTimeout(timer);
      stop();
      resolve();
    };
  });
}

/**
 * Proves what users are served through one pooled SDK client. Right values are not enough: a client whose stream died
 * would go on serving yesterday's right values. So the client must also hold the flag that the management API answers.
 */
export function createProver(options: ProverOptions): Prover {
  let pooled: { connection: SdkConnection; openedAt: number } | undefined;
  let isClosed = false;

  const acquire = (flagKey: string): { connection: SdkConnection; openedAt: number } => {
    if (isClosed) {
      throw new FeatBitError(`cannot prove flag ${flagKey}: Routeward is stopping`, {
        kind: "unavailable",
        status: 0,
        retryable: true,
      });
    }
    pooled ??= { connection: options.connect(), openedAt: performance.now() };
    return pooled;
  };

  const renew = async (stale: SdkConnection): Promise<void> => {
    // Another proof may have replaced it already.
    if (pooled?.connection === stale) pooled = undefined;
    await stale.close();
  };

  const look = async (
    connection: SdkConnection,
    wanted: FlagSnapshot,
    flagKey: string,
    probes: readonly Probe[],
  ): Promise<Look> => {
    const results = await Promise.all(
      probes.map((probe) => evaluateProbe(connection.client, flagKey, wanted.type === "json", probe)),
    );
    const isCurrent = checkHeldFlag(connection.readHeldFlag(flagKey), wanted);
    if (isCurrent) return { isCurrent, results };
    const problem = connection.client.initialized()
      ? "the SDK has not received the flag as it stands in FeatBit"
      : "the SDK is not connected to FeatBit's evaluation server";
    return {
      isCurrent,
      results: results.map((result) => ({ ...result, ok: false, problem: result.problem ?? problem })),
    };
  };

  const prove: Prover["prove"] = async (flagKey, probes, { deadlineMs, isCancelled }) => {
    const started = performance.now();
    const elapsed = (): number => Math.round(performance.now() - started);
    let wanted = await options.readFlag(flagKey);
    let nextQuestion = started;
    for (;;) {
      const { connection, openedAt } = acquire(flagKey);
      const { isCurrent, results } = await look(connection, wanted, flagKey, probes);
      if (isCurrent && results.every((result) => result.ok)) {
        return { ok: true, cancelled: false, elapsedMs: elapsed(), results };
      }
      const now = performance.now();
      if (now >= nextQuestion && isCancelled !== undefined) {
        nextQuestion = now + pollMs;
        if (await isCancelled()) return { ok: false, cancelled: true, elapsedMs: elapsed(), results };
      }
      const left = started + deadlineMs - performance.now();
      if (left <= 0) return { ok: false, cancelled: false, elapsedMs: elapsed(), results };
      const heldFor = performance.now() - Math.max(openedAt, started);
      if (!isCurrent && heldFor >= options.renewAfterMs) {
        await renew(connection);
        // Somebody may have changed the flag since: the proof is about what stands there now.
        wanted = await options.readFlag(flagKey);
        continue;
      }
      await waitForNews(connection, Math.min(pollMs, left));
    }
  };

  return {
    prove,
    async close() {
      isClosed = true;
      const connection = pooled?.connection;
      pooled = undefined;
      await connection?.close();
    },
  };
}
