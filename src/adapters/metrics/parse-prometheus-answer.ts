import { z } from "zod";
import { cut } from "../../core/problem.ts";

/** One number of an instant query, or why there is none. `at` is the time that the source stamped it with. */
export type Reading =
  | { kind: "value"; value: number; at: string }
  | { kind: "no-data" }
  /** 0/0 gives NaN in Prometheus; what it means depends on the query. */
  | { kind: "unusable"; why: string }
  | { kind: "error"; why: string };

const sample = z.tuple([z.number(), z.string()]);

const answerSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    warnings: z.array(z.string()).optional(),
    data: z.discriminatedUnion("resultType", [
      z.object({ resultType: z.literal("scalar"), result: sample }),
      z.object({
        resultType: z.literal("vector"),
        // A native histogram has `histogram` in place of `value`.
        result: z.array(z.object({ value: sample.optional() })),
      }),
      z.object({ resultType: z.literal("matrix") }),
      z.object({ resultType: z.literal("string") }),
    ]),
  }),
  z.object({ status: z.literal("error"), errorType: z.string().catch(""), error: z.string().catch("") }),
]);

/** Prometheus writes numbers as Go does: `NaN`, `+Inf`, `1e+06`. */
function parseNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text.replace(/^\+?Inf$/, "Infinity").replace(/^-Inf$/, "-Infinity"));
}

/**
 * Reads the answer of `/api/v1/query` (facts/formats.md section 4). Only exactly one finite number, without warnings and
 * stamped within `maximumAgeMs` of `at`, is a value.
 */
export function parsePrometheusAnswer(body: unknown, at: string, maximumAgeMs: number): Reading {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return { kind: "error", why: "the metrics source answered in an unknown form" };
  const answer = parsed.data;
  if (answer.status === "error") {
    const words = answer.error === "" ? "no reason given" : cut(answer.error, 200);
    return { kind: "error", why: `the metrics source refused the query: ${words}` };
  }
  const [warning] = answer.warnings ?? [];
  if (warning !== undefined) return { kind: "unusable", why: `the metrics source warns: ${cut(warning, 200)}` };

  const { data } = answer;
  if (data.resultType === "matrix" || data.resultType === "string") {
    return { kind: "unusable", why: `the query answers a ${data.resultType} where one number is expected` };
  }
  let found: readonly [number, string] | undefined;
  if (data.resultType === "scalar") {
    found = data.result;
  } else {
    if (data.result.length === 0) return { kind: "no-data" };
    if (data.result.length > 1) {
      return { kind: "unusable", why: `the query answers ${data.result.length} series where one is expected` };
    }
    found = data.result[0]?.value;
  }
  if (found === undefined)
    return { kind: "unusable", why: "the query answers a histogram where one number is expected" };

  const [stamp, text] = found;
  const value = parseNumber(text);
  if (!Number.isFinite(value))
    return { kind: "unusable", why: `the reading is ${Number.isNaN(value) ? "NaN" : "infinite"}` };
  const stampMs = Math.round(stamp * 1000);
  const distanceMs = Math.abs(Date.parse(at) - stampMs);
  if (!(distanceMs <= maximumAgeMs) || Math.abs(stampMs) > 8.64e15) {
    return { kind: "unusable", why: "the reading is stale: its time is more than 5 minutes away" };
  }
  return { kind: "value", value, at: new Date(stampMs).toISOString() };
}
