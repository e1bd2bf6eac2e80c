import type { Measurement } from "../../core/facts.ts";
import type { MetricQuery, MetricsPort } from "../../ports/metrics.ts";
import { combineReadings } from "./combine-readings.ts";
import { parsePrometheusAnswer, type Reading } from "./parse-prometheus-answer.ts";

/** A reading whose stamp is further away than this is stale: Prometheus itself looks back as far. */
const maximumAgeMs = 5 * 60_000;

const maximumAnswerBytes = 1024 * 1024;
const defaultTimeoutMs = 10_000;
const parallelQueries = 16;
/** After this many unanswered queries in a row the rest of a batch is not asked: it would wait as long, and come too late. */
const giveUpAfter = 32;

export interface PrometheusOptions {
  /** Address in front of `/api/v1/query`; a path in it stays. */
  baseUrl: string;
  /** Milliseconds until a query counts as unanswered; 10 s when absent. */
  timeoutMs?: number;
  bearerToken?: string;
  /** For tests. */
  fetch?: typeof fetch;
}

/** What the queries of one call share. */
interface Batch {
  answers: Map<string, Promise<Reading>>;
  /** Queries in a row that nobody answered. */
  unanswered: number;
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

  const ask = async (query: string, at: string, batch: Batch): Promise<Reading> => {
    if (batch.unanswered >= giveUpAfter) return { kind: "error", why: "the metrics source does not answer" };
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
      batch.unanswered = 0;
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
      batch.unanswered += 1;
      return { kind: "error", why: tellFailure(error, timeoutMs) };
    }
  };

  /** The same question is asked once in a batch: guardrails share counts. */
  const askIfAny = async (query: string | null, at: string, batch: Batch): Promise<Reading | null> => {
    if (query === null) return null;
    const asked = batch.answers.get(query) ?? ask(query, at, batch);
    batch.answers.set(query, asked);
    return asked;
  };

  const measureOne = async (query: MetricQuery, at: string, batch: Batch): Promise<Measurement> => {
    const { outcome, at: stamp } = combineReadings({
      value: await askIfAny(query.value, at, batch),
      numerator: await askIfAny(query.numerator, at, batch),
      denominator: await askIfAny(query.denominator, at, batch),
      samples: await askIfAny(query.samples, at, batch),
    });
    return { guardrail: query.guardrail, variation: query.variation, at: stamp ?? at, outcome };
  };

  return {
    async measure(queries, at) {
      const measurements = new Map<MetricQuery, Measurement>();
      const batch: Batch = { answers: new Map(), unanswered: 0 };
      // Every worker takes the next of the same iterator.
      const open = queries.values();
      const work = async (): Promise<void> => {
        for (const query of open) measurements.set(query, await measureOne(query, at, batch));
      };
      await Promise.all(Array.from({ length: parallelQueries }, work));
      return queries.flatMap((query) => measurements.get(query) ?? []);
    },
  };
}
