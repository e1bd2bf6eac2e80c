import type { Measurement } from "../../core/facts.ts";
import type { MetricQuery, MetricsPort } from "../../ports/metrics.ts";
import { combineReadings } from "./combine-readings.ts";
import { parsePrometheusAnswer, type Reading } from "./parse-prometheus-answer.ts";

/** A reading whose stamp is further away than this is stale: Prometheus itself looks back as far. */
const maximumAgeMs = 5 * 60_000;

const maximumAnswerBytes = 1024 * 1024;
const defaultTimeoutMs = 10_000;
const parallelQueries = 4;

export interface PrometheusOptions {
  /** Address in front of `/api/v1/query`; a path in it stays. */
  baseUrl: string;
  /** Milliseconds until a query counts as unanswered; 10 s when absent. */
  timeoutMs?: number;
  bearerToken?: string;
  /** For tests. */
  fetch?: typeof fetch;
}

async function readText(answer: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let size = 0;
  if (answer.body === null) return text;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > maximumAnswerBytes) throw new RangeError("too large");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Says what failed without the error's own words, which may hold the address and what is in it. */
function tellFailure(error: unknown, timeoutMs: number): string {
  if (error instanceof RangeError) return "the metrics source answered more than 1 MiB";
  if (error instanceof SyntaxError) return "the metrics source did not answer JSON";
  if (error instanceof Error && error.name === "TimeoutError") {
    return `the metrics source did not answer within ${timeoutMs} ms`;
  }
  return "the metrics source could not be reached";
}

/**
 * Guardrail metrics from the HTTP API of Prometheus, or of anything that speaks it (facts/formats.md section 4). All
 * queries of one call are evaluated at the same instant, so that baseline and candidate compare.
 */
export function createPrometheusMetrics(options: PrometheusOptions): MetricsPort {
  const url = `${options.baseUrl.replace(/\/+$/, "")}/api/v1/query`;
  const send = options.fetch ?? fetch;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;

  const ask = async (query: string, at: string): Promise<Reading> => {
    try {
      const answer = await send(url, {
        method: "POST",
        headers: {
          accept: "application/json",
          ...(options.bearerToken === undefined ? {} : { authorization: `Bearer ${options.bearerToken}` }),
        },
        body: new URLSearchParams({ query, time: at }),
        // A redirect could carry the token elsewhere.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await readText(answer);
      // Prometheus explains 400, 422 and 503 in the same form; other failures come from something in between.
      if (!answer.ok && ![400, 422, 503].includes(answer.status)) {
        return { kind: "error", why: `the metrics source answered with status ${answer.status}` };
      }
      const body: unknown = JSON.parse(text);
      const reading = parsePrometheusAnswer(body, at, maximumAgeMs);
      return answer.ok || reading.kind === "error"
        ? reading
        : { kind: "error", why: `the metrics source answered with status ${answer.status}` };
    } catch (error) {
      return { kind: "error", why: tellFailure(error, timeoutMs) };
    }
  };

  const askIfAny = async (query: string | null, at: string): Promise<Reading | null> =>
    query === null ? null : ask(query, at);

  const measureOne = async (query: MetricQuery, at: string): Promise<Measurement> => {
    const { outcome, at: stamp } = combineReadings({
      value: await askIfAny(query.value, at),
      numerator: await askIfAny(query.numerator, at),
      denominator: await askIfAny(query.denominator, at),
      samples: await askIfAny(query.samples, at),
    });
    return { guardrail: query.guardrail, variation: query.variation, at: stamp ?? at, outcome };
  };

  return {
    async measure(queries, at) {
      const measurements = new Map<MetricQuery, Measurement>();
      const open = [...queries];
      const work = async (): Promise<void> => {
        for (let query = open.shift(); query !== undefined; query = open.shift()) {
          measurements.set(query, await measureOne(query, at));
        }
      };
      await Promise.all(Array.from({ length: parallelQueries }, work));
      return queries.flatMap((query) => measurements.get(query) ?? []);
    },
  };
}
