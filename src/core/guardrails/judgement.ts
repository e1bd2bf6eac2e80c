import type { Guardrail } from "../routes/route-file.ts";

/** The four outcomes of SPEC 9. Only `pass` lets exposure grow. */
export type GuardrailOutcome = "pass" | "fail" | "inconclusive" | "error";

/** One guardrail as it was read and judged. */
export interface GuardrailFinding {
  guardrail: Guardrail;
  outcome: GuardrailOutcome;
  /** Null when nothing was read. */
  candidate: number | null;
  baseline: number | null;
  samples: number | null;
  at: string | null;
  why: string;
}
