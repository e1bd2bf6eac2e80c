import type { Effect } from "../core/effect.ts";
import { assertNever } from "../core/problem.ts";
import type { RepositoryPort } from "../ports/github.ts";
import type { EffectResult, Store } from "../ports/store.ts";

async function applyOne(effect: Effect, repository: RepositoryPort): Promise<EffectResult> {
  switch (effect.type) {
    case "publish-check": {
      const { checkRunId, written } = await repository.publishCheck(effect.report);
      return { status: written ? "done" : "unnecessary", data: { checkRunId } };
    }
    case "request-reviewers": {
      const { refused } = await repository.requestReviewers(effect.pull, effect.users, effect.teams);
      return { status: "done", data: { refused } };
    }
    case "withdraw-reviewers":
      await repository.withdrawReviewers(effect.pull, effect.users, effect.teams);
      return { status: "done" };
    case "put-comment": {
      const { commentId, written } = await repository.putComment(effect.pull, effect.marker, effect.body);
      return { status: written ? "done" : "unnecessary", data: { commentId } };
    }
    case "add-comment": {
      const { commentId, written } = await repository.addComment(effect.pull, effect.marker, effect.body);
      return { status: written ? "done" : "unnecessary", data: { commentId } };
    }
    case "open-issue": {
      const { number, written } = await repository.openIssue(effect.marker, effect.title, effect.body, effect.labels);
      return { status: written ? "done" : "unnecessary", data: { number } };
    }
    case "propose-change": {
      const proposed = await repository.proposeChange(effect);
      // Refused for good: the caller says what to do by hand.
      if (proposed.kind === "forbidden") return { status: "failed", data: proposed };
      const written = proposed.kind === "open" && proposed.written;
      return { status: written ? "done" : "unnecessary", data: proposed };
    }
    case "set-deployment": {
      const { deploymentId, written } = await repository.setDeployment(effect);
      return { status: written ? "done" : "unnecessary", data: { deploymentId } };
    }
    default:
      return assertNever(effect);
  }
}

/** What the audit log keeps of an effect: enough to reconstruct it, without the long texts. */
function describe(effect: Effect): Record<string, unknown> {
  switch (effect.type) {
    case "publish-check": {
      const { headSha, status, conclusion, title, externalId } = effect.report;
      return { headSha, status, conclusion, title, externalId, annotations: effect.report.annotations.length };
    }
    case "put-comment":
    case "add-comment":
      return { pull: effect.pull, marker: effect.marker };
    case "open-issue":
      return { marker: effect.marker, title: effect.title };
    case "request-reviewers":
    case "withdraw-reviewers":
      return { pull: effect.pull, users: effect.users, teams: effect.teams };
    case "propose-change":
      return { branch: effect.branch, baseSha: effect.baseSha, path: effect.path, title: effect.title };
    case "set-deployment":
      return { sha: effect.sha, environment: effect.environment, state: effect.state, payload: effect.payload };
    default:
      return assertNever(effect);
  }
}

/**
 * Changes GitHub: the only place outside the rollout that does. Before each effect its intent is written to the audit log
 * and after it the outcome; an effect whose outcome is missing is repeated by the next pass, which the port makes harmless.
 *
 * Effects run in the order given. The first that fails is recorded as failed and its error comes out; the rest wait for the
 * next pass.
 *
 * @param subject what the audit entries belong to, for example `pull/12#7`
 */
export async function applyEffects(
  effects: readonly Effect[],
  repository: RepositoryPort,
  store: Store,
  subject: string,
): Promise<readonly EffectResult[]> {
  const results: EffectResult[] = [];
  for (const effect of effects) {
    await store.recordIntent({ key: effect.key, effect: effect.type, subject, data: describe(effect) });
    try {
      const result = await applyOne(effect, repository);
      await store.recordOutcome(effect.key, result);
      results.push(result);
    } catch (error) {
      // The name says which port failed; the message may quote what somebody sent and stays out of the log of record.
      await store.recordOutcome(effect.key, {
        status: "failed",
        data: { error: error instanceof Error ? error.name : "unknown" },
      });
      throw error;
    }
  }
  return results;
}
