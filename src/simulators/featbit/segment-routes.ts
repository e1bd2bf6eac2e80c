import { answerData, answerErrors, bindList, bindObject, bindText, Refusal } from "./api-answer.ts";
import { bindMatchRule, bindStrings } from "./bind-targeting.ts";
import { compareSegments, requireSegmentActions } from "./compare-changes.ts";
import type { SimSegment } from "./featbit-data.ts";
import type { ApiCall, ApiRoute } from "./management-api.ts";
import { checkAllowed } from "./match-resource.ts";
import { answerPage } from "./reading-routes.ts";

function requireSegment(call: ApiCall): SimSegment {
  const segment = call.world.findSegment(call.params["segmentId"] ?? "");
  if (segment === undefined) throw new Refusal(answerErrors(404, "ResourceNotFound"));
  return segment;
}

function listSegments(call: ApiCall) {
  const name = call.request.query.get("name")?.toLowerCase() ?? "";
  const isArchived = call.request.query.get("isArchived") ?? "false";
  const segments = call.world
    .listSegments(call.params["envId"] ?? "")
    .filter((segment) => segment.name.toLowerCase().includes(name) || segment.key.toLowerCase().includes(name))
    .filter((segment) => String(segment.isArchived) === isArchived)
    .sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  return answerPage(call, segments, (segment) => {
    const { id, key, type, scopes, tags, description, createdAt, updatedAt } = segment;
    return { id, name: segment.name, key, type, scopes, tags, description, createdAt, updatedAt };
  });
}

function createSegment(call: ApiCall) {
  const body = bindObject(call.request);
  const name = bindText(body["name"], "name") ?? "";
  const key = bindText(body["key"], "key") ?? "";
  const type = bindText(body["type"], "type") ?? "";
  const scopes = (bindStrings(body["scopes"], "scopes") as string[] | null) ?? [];
  const errors = [
    ...(["environment-specific", "shared"].includes(type) ? [] : ["type_is_invalid"]),
    ...(name.trim() === "" ? ["name_is_required"] : []),
    ...(key.trim() === "" ? ["key_is_required"] : /^[a-zA-Z0-9._-]+$/.test(key) ? [] : ["key_is_invalid"]),
    ...(scopes.length === 0 || scopes.some((scope) => scope.includes("*")) ? ["scopes_is_invalid"] : []),
  ];
  if (errors.length > 0) return answerErrors(400, ...errors);
  if (type === "shared") return answerErrors(422, "Unauthorized");
  const envId = call.params["envId"] ?? "";
  const isUsed = call.world.listSegments(envId).some((segment) => segment.key.toLowerCase() === key.toLowerCase());
  if (isUsed) return answerErrors(422, "KeyHasBeenUsed");
  const description = bindText(body["description"], "description");
  return answerData(call.world.addSegment({ envId, name, key, type, scopes, description }, call.token.id));
}

function putTargeting(call: ApiCall) {
  const body = bindObject(call.request);
  const included = (bindStrings(body["included"], "included") as string[] | null) ?? [];
  const excluded = (bindStrings(body["excluded"], "excluded") as string[] | null) ?? [];
  const rules = (bindList(body["rules"], "rules", bindMatchRule) as SimSegment["rules"] | null) ?? [];
  const comment = bindText(body["comment"], "comment") ?? "";
  const hasSegment = rules.some((rule) =>
    rule.conditions.some((condition) => /^User is (?:not )?in segment$/.test(condition.property)),
  );
  if (hasSegment) return answerErrors(400, "rules_is_invalid");
  const segment = requireSegment(call);
  const resource = call.world.resourceOfSegment(segment);
  const actions = requireSegmentActions(compareSegments(segment, { ...segment, included, excluded, rules }));
  if (!actions.every((action) => checkAllowed(call.statements, resource, action)))
    return answerErrors(403, "Forbidden");
  call.world.changeSegment(segment, {
    actorId: call.token.id,
    comment,
    change: (draft) => {
      Object.assign(draft, { included, excluded, rules });
    },
  });
  return answerData(true);
}

const segments = "/api/v1/envs/{envId:guid}/segments";

/** Endpoints of segments. They know no revision: the last writer wins. */
export const segmentRoutes: readonly ApiRoute[] = [
  { method: "GET", template: segments, isOpenToTokens: true, action: "CanAccessEnv", handle: listSegments },
  { method: "POST", template: segments, isOpenToTokens: true, action: "CreateSegment", handle: createSegment },
  {
    method: "GET",
    template: `${segments}/{segmentId:guid}`,
    isOpenToTokens: true,
    action: "CanAccessEnv",
    handle: (call) => answerData(requireSegment(call)),
  },
  { method: "PUT", template: `${segments}/{segmentId:guid}/targeting`, isOpenToTokens: true, handle: putTargeting },
];
