import {
  answerData,
  answerErrors,
  bindBoolean,
  bindGuid,
  bindJson,
  bindList,
  bindObject,
  bindText,
  Refusal,
} from "./api-answer.ts";
import { bindStrings, bindTargeting, bindVariation } from "./bind-targeting.ts";
import { compareFlags, requireFlagActions } from "./compare-changes.ts";
import type { SimFlag, SimInstruction, SimVariation } from "./featbit-data.ts";
import { applyJsonPatch } from "./json-patch.ts";
import type { ApiCall, ApiRoute } from "./management-api.ts";
import { checkAllowed } from "./match-resource.ts";

const keyPattern = /^[a-zA-Z0-9._-]+$/;

function requireFlag(call: ApiCall): SimFlag {
  const flag = call.world.findFlag(call.params["envId"] ?? "", call.params["key"] ?? "");
  if (flag === undefined) throw new Refusal(answerErrors(404, "ResourceNotFound"));
  return flag;
}

function requireRevision(flag: SimFlag, revision: string): void {
  if (flag.revision !== revision) throw new Refusal(answerErrors(409, "Conflict"));
}

function bindComment(call: ApiCall): string {
  return bindText(bindObject(call.request, true)["comment"], "comment") ?? "";
}

function createFlag(call: ApiCall) {
  const body = bindObject(call.request);
  const name = bindText(body["name"], "name") ?? "";
  const key = bindText(body["key"], "key") ?? "";
  const variationType = bindText(body["variationType"], "variationType") ?? "";
  const variations = bindList(body["variations"], "variations", bindVariation);
  const enabledVariationId = bindText(body["enabledVariationId"], "enabledVariationId") ?? "";
  const disabledVariationId = bindText(body["disabledVariationId"], "disabledVariationId") ?? "";
  const isEnabled = bindBoolean(body["isEnabled"], "isEnabled");
  const tags = bindStrings(body["tags"], "tags");
  const errors = [
    ...(name.trim() === "" ? ["name_is_required"] : name.length > 128 ? ["name_is_invalid"] : []),
    ...(key.trim() === "" ? ["key_is_required"] : []),
    ...(key.length > 128 || !keyPattern.test(key) ? ["key_is_invalid"] : []),
    ...(["boolean", "json", "number", "string"].includes(variationType) ? [] : ["variationType_is_invalid"]),
    ...checkVariations(variations),
    ...(checkKnown(variations, disabledVariationId) ? [] : ["disabledVariationId_is_invalid"]),
    ...(checkKnown(variations, enabledVariationId) ? [] : ["enabledVariationId_is_invalid"]),
  ];
  if (errors.length > 0) return answerErrors(400, ...errors);
  const envId = call.params["envId"] ?? "";
  const isUsed = call.world.listFlags(envId).some((flag) => flag.key.toLowerCase() === key.toLowerCase());
  if (isUsed) return answerErrors(422, "KeyHasBeenUsed");
  const description = bindText(body["description"], "description");
  const created = call.world.addFlag(
    {
      envId,
      name,
      key,
      description,
      variationType,
      variations,
      isEnabled,
      enabledVariationId,
      disabledVariationId,
      tags: tags ?? [],
    },
    call.token.id,
  );
  return answerData(created);
}

function checkVariations(variations: readonly SimVariation[] | null): string[] {
  // A rule without a code of its own gives the validator's name (facts/featbit.md section 2).
  if (variations === null || variations.length === 0) return ["NotEmptyValidator"];
  return variations.every((entry) => entry.id.trim() !== "" && entry.name.trim() !== "")
    ? []
    : ["variations_is_invalid"];
}

function checkKnown(variations: readonly SimVariation[] | null, id: string): boolean {
  return variations?.some((variation) => variation.id === id) ?? false;
}

function toggleFlag(call: ApiCall) {
  const status = call.params["status"]?.toLowerCase();
  if (status !== "true" && status !== "false") throw new Refusal(answerErrors(400, "status_is_invalid"));
  const comment = bindComment(call);
  const flag = requireFlag(call);
  const isEnabled = status === "true";
  if (flag.isEnabled === isEnabled) return answerData(flag.revision);
  const changed = call.world.changeFlag(flag, {
    actorId: call.token.id,
    comment,
    change: (draft) => {
      draft.isEnabled = isEnabled;
    },
  });
  return answerData(changed.revision);
}

function putTargeting(call: ApiCall) {
  const body = bindObject(call.request);
  const revision = bindGuid(body["revision"], "revision");
  const comment = bindText(body["comment"], "comment") ?? "";
  const isMissing = body["targeting"] === undefined || body["targeting"] === null;
  const targeting = isMissing ? null : bindTargeting(body["targeting"]);
  const flag = requireFlag(call);
  requireRevision(flag, revision);
  if (targeting === null) return answerErrors(500, "InternalServerError");
  let instructions: SimInstruction[];
  try {
    instructions = compareFlags(flag, { ...flag, ...targeting });
  } catch {
    // FeatBit's comparison falls over missing lists and over list values that are no JSON.
    return answerErrors(500, "InternalServerError");
  }
  const resource = call.world.resourceOfFlag(flag);
  const isAllowed = requireFlagActions(instructions).every((action) => checkAllowed(call.statements, resource, action));
  if (!isAllowed) return answerErrors(403, "Forbidden");
  const changed = call.world.changeFlag(flag, {
    actorId: call.token.id,
    comment,
    change: (draft) => {
      Object.assign(draft, structuredClone(targeting));
    },
  });
  return answerData(changed.revision);
}

function putVariations(call: ApiCall) {
  const body = bindObject(call.request);
  const revision = bindGuid(body["revision"], "revision");
  const variations = bindList(body["variations"], "variations", bindVariation);
  const comment = bindText(body["comment"], "comment") ?? "";
  const errors = checkVariations(variations);
  if (errors.length > 0) return answerErrors(400, ...errors);
  const flag = requireFlag(call);
  requireRevision(flag, revision);
  const change = (draft: SimFlag) => {
    draft.variations = variations;
  };
  return answerData(call.world.changeFlag(flag, { actorId: call.token.id, comment, change }).revision);
}

function putOffVariation(call: ApiCall) {
  const body = bindObject(call.request);
  const revision = bindGuid(body["revision"], "revision");
  const id = bindText(body["offVariationId"], "offVariationId") ?? "";
  const comment = bindText(body["comment"], "comment") ?? "";
  if (id.trim() === "") return answerErrors(400, "offVariationId_is_required");
  const flag = requireFlag(call);
  requireRevision(flag, revision);
  const change = (draft: SimFlag) => {
    draft.disabledVariationId = id;
  };
  return answerData(call.world.changeFlag(flag, { actorId: call.token.id, comment, change }).revision);
}

function putTags(call: ApiCall) {
  const body = bindObject(call.request);
  const tags = bindStrings(body["tags"], "tags") as string[] | null;
  const comment = bindText(body["comment"], "comment") ?? "";
  const change = (draft: SimFlag) => {
    draft.tags = tags ?? [];
  };
  call.world.changeFlag(requireFlag(call), { actorId: call.token.id, comment, change });
  return answerData(true);
}

function archiveFlag(call: ApiCall) {
  const comment = bindComment(call);
  call.world.changeFlag(requireFlag(call), {
    actorId: call.token.id,
    comment,
    operation: "Archive",
    change: (draft) => {
      draft.isArchived = true;
    },
  });
  return answerData(true);
}

function deleteFlag(call: ApiCall) {
  const comment = bindComment(call);
  const flag = requireFlag(call);
  if (!flag.isArchived) return answerErrors(422, "CannotDeleteUnarchivedFeatureFlag");
  call.world.removeFlag(flag, call.token.id, comment);
  return answerData(true);
}

function patchFlag(call: ApiCall) {
  const patch = bindJson(call.request);
  const flag = requireFlag(call);
  const result = applyJsonPatch(structuredClone(flag), patch);
  if (!result.ok) return { status: 200, body: { success: false, errors: [result.error], data: false } };
  call.world.changeFlag(flag, {
    actorId: call.token.id,
    comment: "",
    change: (draft) => {
      Object.assign(draft, result.value);
    },
  });
  return answerData(true);
}

const flags = "/api/v1/envs/{envId:guid}/feature-flags";

const openRoute = (method: string, path: string, handle: ApiRoute["handle"], action?: string): ApiRoute => ({
  method,
  template: `${flags}${path}`,
  isOpenToTokens: true,
  ...(action === undefined ? {} : { action }),
  handle,
});

/** Endpoints of a flag; those without an action have no IAM check before the handler. */
export const flagRoutes: readonly ApiRoute[] = [
  openRoute("POST", "", createFlag, "CreateFlag"),
  openRoute("GET", "/{key}", (call) => answerData(requireFlag(call)), "CanAccessEnv"),
  openRoute("PATCH", "/{key}", patchFlag),
  openRoute("DELETE", "/{key}", deleteFlag, "DeleteFlag"),
  openRoute("PUT", "/{key}/toggle/{status}", toggleFlag, "ToggleFlag"),
  openRoute("PUT", "/{key}/targeting", putTargeting),
  openRoute("PUT", "/{key}/variations", putVariations, "UpdateFlagVariations"),
  openRoute("PUT", "/{key}/off-variation", putOffVariation, "UpdateFlagOffVariation"),
  openRoute("PUT", "/{key}/tags", putTags, "UpdateFlagTags"),
  openRoute("PUT", "/{key}/archive", archiveFlag, "ArchiveFlag"),
];
