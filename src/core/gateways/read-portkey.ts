import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import type { Place } from "../problem.ts";
import { tableOf } from "../table-of.ts";
import { buildTarget, leaveOut } from "./build-target.ts";
import type { GatewayRoute, GatewaySetting, GatewayTarget } from "./gateway-route.ts";
import {
  checkKeys,
  modelOfCaller,
  placeAt,
  readList,
  readMap,
  readNumber,
  readText,
  report,
  reportModelOfCaller,
  type Reading,
  type Steps,
} from "./reading.ts";

export const portkeyModes: readonly string[] = ["single", "loadbalance", "fallback", "conditional"];

const strategyKeys = new Set(["mode", "on_status_codes", "conditions", "default", "sticky_session"]);
const targetKeys = new Set(
  `name strategy targets provider virtual_key api_key weight override_params retry cache request_timeout custom_host forward_headers
  on_status_codes passthrough input_guardrails output_guardrails before_request_hooks after_request_hooks default_input_guardrails
  default_output_guardrails prompt_id config index_in_config default_params drop_params metadata
  azure_model_name azure_resource_name azure_deployment_id azure_api_version azure_auth_mode azure_ad_token
  azure_entra_client_id azure_entra_client_secret azure_entra_tenant_id azure_endpoint_name azure_foundry_url azure_region
  aws_access_key_id aws_secret_access_key aws_session_token aws_region aws_auth_type aws_role_arn aws_external_id
  vertex_project_id vertex_region vertex_service_account_json vertex_storage_bucket_name openai_organization openai_project
  anthropic_beta anthropic_version stability_client_id mistral_fim_completion workers_ai_account_id huggingface_base_url
  strict_open_ai_compliance deployment_id integration_id`.split(/\s+/),
);
/** What the routes hold of a target. */
const consumed = new Set(
  "name strategy targets provider weight override_params retry request_timeout custom_host virtual_key".split(" "),
);

/**
 * The one route of a Portkey configuration. Its targets nest: a fallback asks them in order, a load balancer shares among them, and both
 * are flattened into groups that are asked one after the other. Timeouts are milliseconds in both.
 */
export function readPortkey(
  reading: Reading,
  top: JsonObject,
): { routes: readonly GatewayRoute[]; settings: readonly GatewaySetting[] } {
  const groups = readNode(reading, [], top, { timeoutMs: null, timeoutAt: [], retries: null, retriesAt: [] });
  const targets = groups.flatMap((group, priority) => group.map((target) => ({ ...target, priority })));
  const places: Readonly<Record<string, Place>> = tableOf([
    ["", placeAt(reading, [])] as const,
    ["routing", placeAt(reading, ["strategy"])] as const,
    ["fallback", placeAt(reading, ["targets"])] as const,
  ]);
  const route = { name: "config", targets, fallbacks: [], routing: { shape: readShape(top) }, places };
  const settings = Object.entries(leaveOut(top, consumed)).map(([name, value]) => ({
    name,
    value,
    place: placeAt(reading, [name]),
  }));
  return { routes: [route], settings };
}

interface Inherited {
  timeoutMs: number | null;
  timeoutAt: Steps;
  retries: number | null;
  retriesAt: Steps;
}

type Group = readonly GatewayTarget[];

function readNode(reading: Reading, steps: Steps, node: JsonObject, outer: Inherited): readonly Group[] {
  checkKeys(reading, steps, node, targetKeys);
  const own = readInherited(reading, steps, node, outer);
  if (node["targets"] === undefined) return [[readTarget(reading, steps, node, own)]];
  const strategy = readMap(reading, [...steps, "strategy"], node["strategy"]) ?? {};
  checkKeys(reading, [...steps, "strategy"], strategy, strategyKeys);
  const mode = readText(reading, [...steps, "strategy", "mode"], strategy["mode"]) ?? "single";
  if (!portkeyModes.includes(mode)) {
    report(reading, [...steps, "strategy", "mode"], {
      code: "gateway-wrong-value",
      message: "The strategy's mode is not known, so which target is asked is not known.",
      expected: portkeyModes.join(", "),
      found: mode,
      fix: "Write one of them.",
    });
  }
  const children = readList(reading, [...steps, "targets"], node["targets"]).flatMap((item, index) => {
    const at = [...steps, "targets", index];
    const child = readMap(reading, at, item);
    return child === null ? [] : [{ child, at, groups: readNode(reading, at, child, own) }];
  });
  if (mode === "fallback") return children.flatMap(({ groups }) => groups);
  if (mode === "single") return children[0]?.groups ?? [];
  const depth = Math.max(0, ...children.map(({ groups }) => groups.length));
  const weighted = children.map(({ child, at, groups }) => {
    const weight = mode === "conditional" ? null : (readNumber(reading, [...at, "weight"], child["weight"]) ?? 1);
    return groups.map((group) => scaleWeights(group, weight));
  });
  return Array.from({ length: depth }, (_, level) => weighted.flatMap((groups) => groups[level] ?? []));
}

/** The shares of a group within the share of the node above it. */
function scaleWeights(group: Group, weight: number | null): Group {
  if (weight === null) return group.map((target) => ({ ...target, weight: null }));
  const sum = group.reduce((total, target) => total + (target.weight ?? 1), 0);
  return group.map((target) => ({
    ...target,
    weight: sum === 0 ? 0 : Number(((weight * (target.weight ?? 1)) / sum).toPrecision(12)),
  }));
}

function readInherited(reading: Reading, steps: Steps, node: JsonObject, outer: Inherited): Inherited {
  const timeoutAt = [...steps, "request_timeout"];
  const timeoutMs = readNumber(reading, timeoutAt, node["request_timeout"]);
  const retry = readMap(reading, [...steps, "retry"], node["retry"]) ?? {};
  const retriesAt = [...steps, "retry", "attempts"];
  const retries = readNumber(reading, retriesAt, retry["attempts"]);
  return {
    ...(timeoutMs === null ? { timeoutMs: outer.timeoutMs, timeoutAt: outer.timeoutAt } : { timeoutMs, timeoutAt }),
    ...(retries === null ? { retries: outer.retries, retriesAt: outer.retriesAt } : { retries, retriesAt }),
  };
}

function readTarget(reading: Reading, steps: Steps, node: JsonObject, inherited: Inherited): GatewayTarget {
  const text = (key: string): string | null => readText(reading, [...steps, key], node[key]);
  const override = readMap(reading, [...steps, "override_params"], node["override_params"]) ?? {};
  const overrideAt = [...steps, "override_params", "model"];
  const azureKey = node["azure_deployment_id"] === undefined ? "azure_model_name" : "azure_deployment_id";
  const asked = readText(reading, overrideAt, override["model"]);
  const model = asked ?? text(azureKey);
  if (model === null) reportModelOfCaller(reading, steps);
  const slug = text("virtual_key");
  const host = text("custom_host");
  const resource = text("azure_resource_name");
  const region = ["aws_region", "vertex_region", "azure_region"].find((key) => node[key] !== undefined);
  const parameters = leaveOut(override, new Set(["model"]));
  // A virtual key hides the provider and its address in Portkey's vault; written as an address, it is read as unknown.
  const endpoint =
    host ??
    (slug === null ? (resource === null ? null : `https://${resource}.openai.azure.com`) : `virtual key ${slug}`);
  const parts = {
    id: text("name"),
    bundle: {
      provider: text("provider"),
      model: model ?? modelOfCaller,
      endpoint,
      region: region === undefined ? null : text(region),
      parameters,
      timeoutMs: inherited.timeoutMs,
      maxRetries: inherited.retries,
    },
    weight: null,
    priority: 0,
    settings: { ...leaveOut(node, consumed), virtual_key: slug, retry: node["retry"] ?? null },
  };
  return buildTarget(reading, steps, parts, {
    provider: [...steps, "provider"],
    model: asked === null ? [...steps, azureKey] : overrideAt,
    endpoint: [...steps, host === null ? "virtual_key" : "custom_host"],
    weight: [...steps, "weight"],
    timeoutMs: inherited.timeoutAt,
    maxRetries: inherited.retriesAt,
    ...Object.fromEntries(
      Object.keys(parameters).map((key) => [`parameters.${key}`, [...steps, "override_params", key]]),
    ),
  });
}

/** The strategies of all nodes, which say how targets are chosen. Weights and targets are compared by themselves. */
function readShape(node: JsonObject): JsonValue {
  const targets = node["targets"];
  if (targets === undefined) return null;
  const inner = Array.isArray(targets) ? targets.filter(isJsonObject).map(readShape) : null;
  const isFlat = inner !== null && inner.every((each: JsonValue) => each === null);
  return { strategy: node["strategy"] ?? null, targets: isFlat ? null : inner };
}
