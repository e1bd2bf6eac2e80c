import { createHash } from "node:crypto";
import { readExample } from "./build-world.ts";
import { digestOfCandidate, type Story } from "./story.ts";

/** Named by the example. */
export const offlineEvalId = "offline-eval-run-2026-06-11";

/**
 * docs/examples/support-answer-full.yaml with another status. The p95 guardrail rolls back by itself, where the example's
 * policy would pause.
 *
 * @param evidence ids that the file names beside the rehearsal
 */
export function fullFileOf(status: string, evidence: readonly string[] = [offlineEvalId]): string {
  return readExample("support-answer-full.yaml")
    .replace("approved-for-internal-canary", status)
    .replace(/^( *)- offline-eval-run-2026-06-11$/m, (_line, indent: string) =>
      evidence.map((id) => `${indent}- ${id}`).join("\n"),
    )
    .replace('threshold: "<= 2.5", window: 1h, minSamples: 200', "$&, onBreach: rollback");
}

/** Adds a record to those that the file names. */
export function nameEvidence(text: string, id: string): string {
  return text.replace(/^( *)- rollback-test-passed$/m, `$&\n$1- ${id}`);
}

/** A result that the workflow model-eval measures. */
export interface EvidenceInput {
  id: string;
  kind: "offline-eval" | "ab-result";
  /** Commit that the workflow ran on. */
  headSha: string;
}

/** Lets the workflow measure the candidate. Answers its run and the record to be committed, by path. */
export function runEvaluation(
  { world, clock }: Story,
  { id, kind, headSha }: EvidenceInput,
): { runId: number; files: Readonly<Record<string, string>> } {
  const digest = digestOfCandidate(world);
  const producedAt = clock.now().toISOString();
  const render = (runId: number): string =>
    [
      `id: ${id}`,
      `kind: ${kind}`,
      `bundle: ${digest}`,
      `dataset: { name: support-golden-2026-06, digest: sha256:${createHash("sha256").update("golden").digest("hex")}, size: 240 }`,
      "grader: rubric-v2",
      'threshold: ">= 0.85"',
      "result: 0.91",
      `run: run-${runId}`,
      `producedAt: ${producedAt}`,
      `producer: { workflow: .github/workflows/model-eval.yml, runId: ${runId} }`,
      "",
    ].join("\n");
  const { runId } = world.github.addWorkflowRun({
    repo: world.repo,
    path: ".github/workflows/model-eval.yml",
    headSha,
    artifacts: [{ name: id, files: (run) => ({ [`${id}.yaml`]: render(run) }) }],
  });
  return { runId, files: { [`model-routes/evidence/${id}.yaml`]: render(runId) } };
}
