import { z } from "zod";
import type { RepositoryPort } from "../../ports/github.ts";
import { cut } from "../../core/problem.ts";
import { accountOrNullSchema } from "./accounts.ts";
import { createOnce } from "./create-once.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** Sets our deployments apart from everybody's (facts/github.md section 9). */
const task = "route-rollout";
const maximumDescription = 140;

const payloadSchema = z
  .union([
    z.object({ key: z.string() }),
    // GitHub hands a payload that was sent as text back as text.
    z
      .string()
      .transform((text) => parseJson(text))
      .pipe(z.object({ key: z.string() })),
  ])
  .nullish()
  .catch(null);

const deploymentSchema = z.object({
  id: z.number(),
  payload: payloadSchema,
  creator: accountOrNullSchema,
  performed_via_github_app: z.object({ id: z.number() }).nullish().catch(null),
});

const statusSchema = z.object({ id: z.number(), state: z.string(), description: z.string().nullish() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Deployment = Parameters<RepositoryPort["setDeployment"]>[0];

async function findDeployment(context: RepositoryContext, wanted: Deployment): Promise<number | null> {
  const { items } = await context.client.list(
    "GET /repos/{owner}/{repo}/deployments",
    { ...context.place, sha: wanted.sha, task, environment: wanted.environment },
    deploymentSchema,
    "list the deployments",
    { maxPages: 10 },
  );
  const botLogin = await context.readBotLogin();
  const ours = items.filter(
    (deployment) =>
      deployment.payload?.key === wanted.key &&
      (deployment.performed_via_github_app?.id === context.appId || deployment.creator?.login === botLogin),
  );
  return ours.length === 0 ? null : Math.min(...ours.map((deployment) => deployment.id));
}

async function createDeployment(context: RepositoryContext, wanted: Deployment): Promise<number> {
  const made = await context.client.send(
    "POST /repos/{owner}/{repo}/deployments",
    {
      ...context.place,
      ref: wanted.sha,
      task,
      environment: wanted.environment,
      description: cut(wanted.description, maximumDescription),
      payload: { ...wanted.payload, key: wanted.key },
      // By default GitHub would merge the default branch into the commit and wait for every check there is.
      auto_merge: false,
      required_contexts: [],
      production_environment: wanted.isProduction,
      transient_environment: false,
    },
    // A 202 answers with a message and no id: nothing was deployed, which the missing id reports as unexpected.
    z.object({ id: z.number() }),
    "create the deployment",
  );
  return made.id;
}

/** See `RepositoryPort.setDeployment`. */
export async function setDeployment(
  context: RepositoryContext,
  wanted: Deployment,
): Promise<{ deploymentId: number; written: boolean }> {
  const deployment = await createOnce({
    find: () => findDeployment(context, wanted),
    create: () => createDeployment(context, wanted),
    wait: context.wait,
  });
  const place = { ...context.place, deployment_id: deployment.value };
  const description = cut(wanted.description, maximumDescription);
  const status = await createOnce({
    find: async () => {
      const { items } = await context.client.list(
        "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
        place,
        statusSchema,
        "list the deployment's statuses",
      );
      const newest = items.reduce<(typeof items)[number] | undefined>(
        (best, one) => (best === undefined || one.id > best.id ? one : best),
        undefined,
      );
      return newest?.state === wanted.state && (newest.description ?? "") === description ? newest : null;
    },
    create: () =>
      context.client.send(
        "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
        // The stages of one environment follow each other; what ends one is told explicitly.
        { ...place, state: wanted.state, description, auto_inactive: false },
        statusSchema,
        "set the deployment's state",
      ),
    wait: context.wait,
  });
  return { deploymentId: deployment.value, written: deployment.written || status.written };
}
