import { z } from "zod";
import { GitHubError, type RepositoryPort } from "../../ports/github.ts";
import { classifyBytes, maximumBlobBytes } from "./read-blobs.ts";
import type { RepositoryContext } from "./repository-context.ts";

const codeownersErrorsSchema = z.object({
  errors: z.array(
    z.object({
      line: z.number(),
      column: z.number(),
      kind: z.string(),
      message: z.string(),
      path: z.string(),
    }),
  ),
});

const ruleSchema = z.object({
  type: z.string(),
  parameters: z
    .object({
      required_status_checks: z
        .array(z.object({ context: z.string(), integration_id: z.number().nullish() }))
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});

const branchSchema = z.object({
  protection: z
    .object({
      required_status_checks: z
        .object({
          contexts: z.array(z.string()).optional(),
          checks: z.array(z.object({ context: z.string(), app_id: z.number().nullish() })).optional(),
        })
        .optional(),
    })
    .optional(),
});

const contentSchema = z.union([
  z.object({ type: z.string(), encoding: z.string().optional(), content: z.string().optional(), size: z.number() }),
  z.array(z.unknown()).transform(() => ({ type: "dir", encoding: undefined, content: undefined, size: 0 })),
]);

/** Answers null where GitHub refuses or does not know the question; being away or over the limit stays an error. */
async function unlessRefused<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GitHubError && ["forbidden", "missing", "invalid"].includes(error.kind)) return null;
    throw error;
  }
}

/** See `RepositoryPort.readCodeownersErrors`. */
export async function readCodeownersErrors(
  context: RepositoryContext,
  ref: string,
): ReturnType<RepositoryPort["readCodeownersErrors"]> {
  const answer = await unlessRefused(() =>
    context.client.get(
      "GET /repos/{owner}/{repo}/codeowners/errors",
      { ...context.place, ref },
      codeownersErrorsSchema,
      "read the CODEOWNERS errors",
    ),
  );
  return answer?.errors ?? null;
}

/** -1 is how classic protection spells "any app". */
function readAppId(id: number | null | undefined): number | null {
  return id === undefined || id === null || id < 0 ? null : id;
}

/**
 * See `RepositoryPort.readRequiredChecks`. Rulesets and classic protection are told apart by GitHub and both bind; the
 * branch itself shows the classic part without administrator's rights. One side unread and nothing found on the other
 * is null, not "none".
 */
export async function readRequiredChecks(
  context: RepositoryContext,
  branch: string,
): ReturnType<RepositoryPort["readRequiredChecks"]> {
  const place = { ...context.place, branch };
  const [rules, classic] = await Promise.all([
    unlessRefused(() =>
      context.client.list("GET /repos/{owner}/{repo}/rules/branches/{branch}", place, ruleSchema, "read the rules"),
    ),
    unlessRefused(() =>
      context.client.get("GET /repos/{owner}/{repo}/branches/{branch}", place, branchSchema, "read the protection"),
    ),
  ]);
  const found = new Map<string, { name: string; appId: number | null }>();
  const add = (name: string, appId: number | null): void => {
    found.set(JSON.stringify([name, appId]), { name, appId });
  };
  for (const rule of rules?.items ?? []) {
    for (const check of rule.parameters?.required_status_checks ?? []) {
      add(check.context, readAppId(check.integration_id));
    }
  }
  const required = classic?.protection?.required_status_checks;
  for (const check of required?.checks ?? []) add(check.context, readAppId(check.app_id));
  for (const name of required?.contexts ?? []) {
    if (required?.checks?.some((check) => check.context === name) !== true) add(name, null);
  }
  if (found.size === 0 && (rules === null || classic === null)) return null;
  return [...found.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, check]) => check);
}

/** See `RepositoryPort.requiresOwnCheck`. */
export async function requiresOwnCheck(context: RepositoryContext, branch: string, name: string): Promise<boolean> {
  const required = await readRequiredChecks(context, branch);
  return required?.some((check) => check.name === name && check.appId === context.appId) ?? false;
}

/** See `RepositoryPort.readOrganizationFile`. A repository that the installation does not cover looks absent, which GitHub does not let us tell apart. */
export async function readOrganizationFile(
  context: RepositoryContext,
  path: string,
): ReturnType<RepositoryPort["readOrganizationFile"]> {
  let file: z.infer<typeof contentSchema> | null;
  try {
    file = await context.client.find(
      "GET /repos/{owner}/{repo}/contents/{path}",
      { owner: context.place.owner, repo: ".github", path },
      contentSchema,
      "read the organisation's file",
    );
  } catch (error) {
    if (error instanceof GitHubError && error.kind === "forbidden") return { unreadable: "GitHub refused to show it" };
    throw error;
  }
  if (file === null) return null;
  if (file.type !== "file") return { unreadable: "it is not a file" };
  if (file.size > maximumBlobBytes) return { unreadable: "it is larger than 256 KiB" };
  if (file.encoding !== "base64" || file.content === undefined)
    return { unreadable: "GitHub did not send its content" };
  const content = classifyBytes(Buffer.from(file.content, "base64"));
  return content.kind === "text" ? { text: content.text } : { unreadable: "it is not UTF-8 text" };
}
