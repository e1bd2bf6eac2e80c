import { UserBuilder } from "@featbit/node-server-sdk";
import { z } from "zod";
import { openSdkConnection } from "../adapters/featbit/sdk-connection.ts";
import { watchStream } from "../adapters/featbit/watch-stream.ts";
import type { JsonObject } from "../core/json.ts";
import { type ServedRoute, servedValueSchema } from "../core/rollout/served-value.ts";
import { counterNames, type MetricSink, type RouteLabels } from "./metric-sinks.ts";
import type { RouteDecision, RouteOutcome, RouteUser, ServedBundle } from "./route-decision.ts";
import { createInsightSender, type InsightSender } from "./track-insights.ts";

export interface RouteRuntimeOptions {
  /** The environment's server secret. */
  sdkKey: string;
  streamingUrl: string;
  /** Base of the evaluation server, for Track Insights. */
  eventsUrl: string;
  /** The baseline of each route, which holds whenever FeatBit cannot say: by flag key. */
  baselines: Readonly<Record<string, ServedBundle>>;
  /** Bundles of string flags by flag key and variation; JSON flags bring theirs along. */
  variants?: Readonly<Record<string, Readonly<Record<string, ServedBundle>>>>;
  sinks?: readonly MetricSink[];
  /** Milliseconds that the first evaluation waits for FeatBit at most. */
  startWaitMs?: number;
  /**
   * Milliseconds of silence after which FeatBit counts as away and every route is its baseline: nobody could be told of a
   * rollback any more. 60,000 when absent; `Infinity` keeps what was served last for as long as FeatBit is away.
   */
  awayAfterMs?: number;
  flushEveryMs?: number;
  timeoutMs?: number;
  now?: () => number;
  stopwatch?: () => number;
  fetch?: typeof fetch;
}

/** The application's side of a route (SPEC 19). */
export interface RouteRuntime {
  /**
   * Chooses the route for one request, before the model is called. Never throws and never waits long: without FeatBit it answers
   * the baseline. Nothing is reported yet.
   */
  choose(flagKey: string, user: RouteUser): Promise<RouteDecision>;
  /**
   * Calls the model through `call` and reports that the route really ran: the exposure, the duration, and what `describe`
   * says of the result. An error of `call` is reported as a call too and comes out again.
   */
  run<Result>(
    decision: RouteDecision,
    call: (bundle: JsonObject) => Promise<Result>,
    describe?: (result: Result) => RouteOutcome,
  ): Promise<Result>;
  /** Reports what became known later, such as a conversation that was resolved or handed over. */
  report(decision: RouteDecision, outcome: RouteOutcome): void;
  /** Sends what waits to FeatBit. */
  flush(): Promise<void>;
  /** Flushes and disconnects. */
  close(): Promise<void>;
  /** Exposures and metrics that FeatBit did not take. */
  readonly dropped: number;
}

const heldFlag = z.object({ variations: z.array(z.object({ id: z.string(), value: z.string().nullable() })) });

function parseServed(text: string): ServedRoute | null {
  try {
    const parsed = servedValueSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function isVariationName(text: string): text is RouteDecision["variation"] {
  return text === "baseline" || text === "candidate" || text === "shadow";
}

/** A server that is there is heard at least this often. */
const pingEveryMs = 5_000;

/**
 * Connects to FeatBit. It may be away, at the start or later: routes are then the baselines. The SDK reconnects by itself, except
 * when FeatBit refuses the key or the clocks differ by more than 30 s; then the service has to be started again.
 */
export function createRouteRuntime(options: RouteRuntimeOptions): RouteRuntime {
  const now = options.now ?? Date.now;
  const stopwatch = options.stopwatch ?? ((): number => performance.now());
  const sinks = options.sinks ?? [];
  const awayAfterMs = options.awayAfterMs ?? 60_000;
  const connection = openSdkConnection({
    sdkKey: options.sdkKey,
    streamingUrl: options.streamingUrl,
    evaluationUrl: options.eventsUrl,
    pingIntervalMs: Math.min(pingEveryMs, awayAfterMs / 4),
  });
  const stream = watchStream(connection.client, stopwatch);
  const sender: InsightSender = createInsightSender({
    eventsUrl: options.eventsUrl,
    sdkKey: options.sdkKey,
    flushEveryMs: options.flushEveryMs ?? 2_000,
    timeoutMs: options.timeoutMs ?? 5_000,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  /** The text that was served, for the exposure: FeatBit knows variations by it. */
  const servedTexts = new WeakMap<RouteDecision, string>();

  const waitUntilReady = (): Promise<void> =>
    new Promise((resolve) => {
      if (connection.client.initialized()) return resolve();
      const stop = connection.onData(() => {
        if (connection.client.initialized()) finish();
      });
      const timer = setTimeout(() => finish(), options.startWaitMs ?? 1_000);
      timer.unref();
      function finish(): void {
        clearTimeout(timer);
        stop();
        resolve();
      }
    });
  const ready = waitUntilReady();

  const fallBack = (flagKey: string, user: RouteUser, problem: string): RouteDecision => {
    const baseline = Object.hasOwn(options.baselines, flagKey) ? options.baselines[flagKey] : undefined;
    if (baseline === undefined) throw new TypeError(`no baseline was given for the flag ${flagKey}`);
    return {
      flagKey,
      user,
      variation: "baseline",
      ...baseline,
      stage: null,
      source: "fallback",
      problem,
      shadow: null,
    };
  };

  const evaluate = async (flagKey: string, user: RouteUser): Promise<{ text: string } | { problem: string }> => {
    if (!connection.client.initialized()) return { problem: "FeatBit has not been reached yet" };
    if (stream.silentMs() > awayAfterMs) return { problem: "FeatBit is away" };
    try {
      const builder = new UserBuilder(user.key);
      if (user.name !== undefined) builder.name(user.name);
      for (const [name, value] of Object.entries(user.attributes ?? {})) builder.custom(name, value);
      const detail = await connection.client.stringVariationDetail(flagKey, builder.build(), "");
      const text = detail.value ?? "";
      return text === "" ? { problem: `FeatBit answered ${detail.kind}: ${detail.reason ?? ""}` } : { text };
    } catch (error) {
      // The SDK throws synchronously on rules that it cannot evaluate (facts/featbit.md section 11, pitfall 3).
      return { problem: `the FeatBit SDK failed: ${error instanceof Error ? error.message : "unknown"}` };
    }
  };

  const readDecision = (flagKey: string, user: RouteUser, text: string): RouteDecision | null => {
    const common = { flagKey, user, source: "featbit", problem: null } as const;
    const served = parseServed(text);
    if (served !== null) {
      const { variation, bundle, digest, stage, shadow } = served;
      return { ...common, variation, bundle, digest, stage, shadow: shadow ?? null };
    }
    const variants =
      options.variants !== undefined && Object.hasOwn(options.variants, flagKey)
        ? options.variants[flagKey]
        : undefined;
    const found = variants !== undefined && Object.hasOwn(variants, text) ? variants[text] : undefined;
    const known =
      found ??
      (text === "baseline" && Object.hasOwn(options.baselines, flagKey) ? options.baselines[flagKey] : undefined);
    if (known === undefined || !isVariationName(text)) return null;
    return { ...common, variation: text, ...known, stage: null, shadow: null };
  };

  const variationIdOf = (flagKey: string, text: string): string | null => {
    const flag = heldFlag.safeParse(connection.readHeldFlag(flagKey));
    return flag.success ? (flag.data.variations.find(({ value }) => value === text)?.id ?? null) : null;
  };

  const expose = (decision: RouteDecision): void => {
    const text = servedTexts.get(decision);
    const variationId = text === undefined ? null : variationIdOf(decision.flagKey, text);
    // A fallback is no exposure: FeatBit did not serve it.
    if (text === undefined || variationId === null) return;
    sender.add({ exposure: { user: decision.user, flagKey: decision.flagKey, variationId, value: text, at: now() } });
  };

  const labelsOf = (decision: RouteDecision, outcome: RouteOutcome): RouteLabels => ({
    route: decision.flagKey,
    // At the shadow stage users are answered by the baseline, so their outcomes are the baseline's.
    variation: decision.variation === "shadow" ? "baseline" : decision.variation,
    segment: outcome.segment ?? "",
  });

  const count = (decision: RouteDecision, outcome: RouteOutcome, call: { seconds: number } | null): void => {
    const labels = labelsOf(decision, outcome);
    for (const sink of sinks) {
      if (call !== null) {
        sink.add("route_requests", 1, labels);
        sink.add("conversation", 1, labels);
        sink.observe("route_duration_seconds", call.seconds, labels);
        // A series that begins with its first event has no increase, and one that never begins is no data: all begin at zero.
        for (const name of counterNames) sink.add(name, 0, labels);
      }
      if (outcome.costUsd !== undefined) sink.add("route_cost_usd", Math.max(0, outcome.costUsd), labels);
      if (outcome.fellBack === true) sink.add("route_fallback", 1, labels);
      if (outcome.retries !== undefined) sink.add("route_retries", Math.max(0, outcome.retries), labels);
      if (outcome.accepted === true) sink.add("conversation_resolved", 1, labels);
      if (outcome.escalated === true) sink.add("conversation_escalated", 1, labels);
      if (outcome.unsafe === true) sink.add("unsafe_output_reports", 1, labels);
      if (outcome.rubricScore !== undefined) sink.observe("route_rubric_score", outcome.rubricScore, labels);
    }
    const at = now();
    const metrics: [string, number | undefined][] = [
      ["route_duration_seconds", call?.seconds],
      ["route_cost_usd", outcome.costUsd],
      ["route_fallback", outcome.fellBack === true ? 1 : undefined],
      ["route_retries", outcome.retries],
      ["route_accepted", outcome.accepted === undefined ? undefined : Number(outcome.accepted)],
    ];
    for (const [name, value] of metrics) {
      if (value !== undefined && decision.source === "featbit")
        sender.add({ metric: { user: decision.user, name, value, at } });
    }
  };

  return {
    async choose(flagKey, user) {
      await ready;
      const evaluated = await evaluate(flagKey, user);
      if ("problem" in evaluated) return fallBack(flagKey, user, evaluated.problem);
      const decision = readDecision(flagKey, user, evaluated.text);
      if (decision === null) return fallBack(flagKey, user, "the flag's value is no route of Routeward");
      servedTexts.set(decision, evaluated.text);
      return decision;
    },
    async run(decision, call, describe) {
      const start = stopwatch();
      const seconds = (): number => Math.max(0, stopwatch() - start) / 1000;
      expose(decision);
      try {
        const result = await call(decision.bundle);
        count(decision, describe?.(result) ?? {}, { seconds: seconds() });
        return result;
      } catch (error) {
        count(decision, {}, { seconds: seconds() });
        throw error;
      }
    },
    report: (decision, outcome) => count(decision, outcome, null),
    flush: () => sender.flush(),
    async close() {
      stream.stop();
      await sender.close();
      await connection.close();
    },
    get dropped() {
      return sender.dropped;
    },
  };
}
