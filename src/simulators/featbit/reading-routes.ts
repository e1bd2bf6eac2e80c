import { answerData, answerErrors } from "./api-answer.ts";
import type { SimAuditRow, SimFlag } from "./featbit-data.ts";
import type { FeatBitWorld } from "./featbit-world.ts";
import type { ApiCall, ApiRoute } from "./management-api.ts";
import { checkAllowed } from "./match-resource.ts";

/** A page of a list as FeatBit answers it; `pageIndex` counts from 0. */
export function answerPage<T>(call: ApiCall, items: readonly T[], render: (item: T) => unknown) {
  const index = Number(call.request.query.get("pageIndex") ?? 0);
  const size = Number(call.request.query.get("pageSize") ?? 10);
  const page = items.slice(index * size, (index + 1) * size);
  return answerData({ totalCount: items.length, items: page.map(render) });
}

function renderProject(call: ApiCall, projectId: string) {
  const { world, statements } = call;
  const project = world.projects.get(projectId);
  if (project === undefined) return undefined;
  const environments = [...world.environments.values()].filter(
    (environment) =>
      environment.projectId === projectId &&
      checkAllowed(statements, world.resourceOfEnvironment(environment.id) ?? "", "CanAccessEnv"),
  );
  return { id: project.id, name: project.name, key: project.key, environments };
}

function listProjects(call: ApiCall) {
  const visible = [...call.world.projects.values()].filter((project) =>
    checkAllowed(call.statements, `project/${project.key}`, "CanAccessProject"),
  );
  return answerData(visible.map((project) => renderProject(call, project.id)));
}

function getProject(call: ApiCall) {
  const project = renderProject(call, call.params["projectId"] ?? "");
  return project === undefined ? answerErrors(404, "ResourceNotFound") : answerData(project);
}

function getEnvironment(call: ApiCall) {
  const environment = call.world.environments.get(call.params["envId"] ?? "");
  if (environment === undefined) return answerErrors(403, "Forbidden");
  const { id, name, description, secrets, settings } = environment;
  return answerData({ id, name, description, secrets, settings });
}

function renderUser(world: FeatBitWorld, id: string) {
  const user = world.users.get(id);
  // The flag list knows no tokens: their changes are a ghost's (facts/featbit.md section 1).
  return user === undefined ? { id, name: "Ghost", email: null } : { id, name: user.name, email: user.email };
}

function renderFlagSummary(world: FeatBitWorld, flag: SimFlag) {
  const last = world.audit.findLast((row) => row.refId === flag.id);
  const served = new Set([
    ...flag.targetUsers.filter((entry) => entry.keyIds.length > 0).map((entry) => entry.variationId),
    ...flag.rules.flatMap((rule) => rule.variations.map((entry) => entry.id)),
    ...flag.fallthrough.variations.map((entry) => entry.id),
  ]);
  const valueOf = (id: string) => flag.variations.find((variation) => variation.id === id)?.value ?? null;
  const { id, name, description, key, isEnabled, variationType, variations, createdAt, updatedAt, tags } = flag;
  return {
    id,
    name,
    description,
    key,
    isEnabled,
    variationType,
    variations,
    createdAt,
    updatedAt,
    tags,
    creator: renderUser(world, flag.creatorId),
    serves: { enabledVariations: [...served].map(valueOf), disabledVariation: valueOf(flag.disabledVariationId) },
    lastChange:
      last === undefined
        ? null
        : { operator: renderUser(world, last.creatorId), happenedAt: last.createdAt, comment: last.comment },
  };
}

function listFlags(call: ApiCall) {
  const { query } = call.request;
  const name = query.get("name")?.toLowerCase() ?? "";
  const isEnabled = query.get("isEnabled");
  const isArchived = query.get("isArchived") ?? "false";
  const flags = call.world
    .listFlags(call.params["envId"] ?? "")
    .filter((flag) => flag.key.toLowerCase().includes(name) || flag.name.toLowerCase().includes(name))
    .filter((flag) => query.getAll("tags").every((tag) => flag.tags.includes(tag)))
    .filter((flag) => isEnabled === null || String(flag.isEnabled) === isEnabled)
    .filter((flag) => String(flag.isArchived) === isArchived)
    .sort((a, b) =>
      query.get("sortBy") === "key" ? a.key.localeCompare(b.key) : b.createdAt.localeCompare(a.createdAt),
    );
  return answerPage(call, flags, (flag) => renderFlagSummary(call.world, flag));
}

function renderAuditRow(world: FeatBitWorld, row: SimAuditRow) {
  const user = world.users.get(row.creatorId);
  const token = [...world.tokens.values()].find((entry) => entry.id === row.creatorId);
  const { id, refId, refType, operation, dataChange, comment, creatorId, createdAt, instructions } = row;
  return {
    id,
    refId,
    refType,
    operation,
    dataChange,
    comment,
    creatorId,
    createdAt,
    instructions,
    creatorName: user?.name ?? token?.name ?? null,
    creatorEmail: user?.email ?? (token === undefined ? "System" : "Access token"),
  };
}

function listAuditLogs(call: ApiCall) {
  const { query } = call.request;
  const numberOf = (name: string, absent: number) => Number(query.get(name) ?? absent);
  const text = query.get("query") ?? "";
  const matches = (name: string, value: string) => query.get(name) === null || query.get(name) === value;
  const rows = call.world.audit
    .filter((row) => query.get("crossEnvironment") === "true" || row.envId === call.params["envId"])
    .filter((row) => row.keyword.includes(text) || row.comment.includes(text))
    .filter((row) => matches("creatorId", row.creatorId) && matches("refId", row.refId))
    .filter((row) => matches("refType", row.refType))
    .filter((row) => {
      const at = Date.parse(row.createdAt);
      return at >= numberOf("from", 0) && at <= numberOf("to", Number.MAX_SAFE_INTEGER);
    })
    .reverse();
  return answerPage(call, rows, (row) => renderAuditRow(call.world, row));
}

function listPendingChanges(call: ApiCall) {
  const flag = call.world.findFlag(call.params["envId"] ?? "", call.params["key"] ?? "");
  if (flag === undefined) return answerErrors(404, "ResourceNotFound");
  const pending = call.world.pendingChanges.filter((change) => change.flagId === flag.id).reverse();
  return answerData(
    pending.map((change) => ({
      ...change,
      dataChange: null,
      instructions: [],
      changeRequestId: null,
      changeRequestReason: null,
      reviewers: [],
    })),
  );
}

/** Endpoints that change nothing, and those that no access token may call. */
export const readingRoutes: readonly ApiRoute[] = [
  { method: "GET", template: "/api/v1/projects", isOpenToTokens: true, handle: listProjects },
  { method: "GET", template: "/api/v1/projects/{projectId:guid}", isOpenToTokens: true, handle: getProject },
  {
    method: "GET",
    template: "/api/v1/projects/{projectId:guid}/envs/{envId:guid}",
    isOpenToTokens: true,
    action: "CanAccessEnv",
    handle: getEnvironment,
  },
  {
    method: "GET",
    template: "/api/v1/envs/{envId:guid}/feature-flags",
    isOpenToTokens: true,
    action: "CanAccessEnv",
    handle: listFlags,
  },
  { method: "GET", template: "/api/v1/envs/{envId:guid}/audit-logs", isOpenToTokens: true, handle: listAuditLogs },
  {
    method: "GET",
    template: "/api/v1/envs/{envId:guid}/feature-flags/{key}/pending-changes",
    isOpenToTokens: true,
    handle: listPendingChanges,
  },
  ...(
    [
      ["POST", "/api/v1/envs/{envId:guid}/feature-flags/{key}/schedules"],
      ["DELETE", "/api/v1/envs/{envId:guid}/feature-flags/schedules/{scheduleId:guid}"],
      ["POST", "/api/v1/envs/{envId:guid}/feature-flags/{key}/change-requests"],
      ["GET", "/api/v1/envs/{envId:guid}/feature-flags/{key}/insights"],
      ["GET", "/api/v1/webhooks"],
      ["GET", "/api/v1/access-tokens"],
      ["GET", "/api/v1/organizations"],
    ] as const
  ).map(([method, template]) => ({
    method,
    template,
    isOpenToTokens: false,
    handle: () => answerErrors(403, "Forbidden"),
  })),
];
