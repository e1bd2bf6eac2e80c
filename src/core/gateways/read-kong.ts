import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import type { Bundle } from "../routes/route-file.ts";
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
  reportModelOfCaller,
  type Reading,
  type Steps,
} from "./reading.ts";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ""));

const proxyKeys =
  words(`route_type auth model logging llm_format response_streaming max_request_body_size model_name_header genai_category
  preserve_mode`);
const advancedKeys =
  words(`targets balancer embeddings vectordb llm_format response_streaming max_request_body_size model_name_header
  genai_category preserve_mode acls`);
const targetKeys = words("route_type auth model weight description logging metadata semantic");
const modelKeys = words("provider name options model_alias");
const balancerKeys =
  words(`algorithm connect_timeout read_timeout write_timeout retries failover_criteria hash_on_header
  latency_strategy tokens_count_strategy slots max_fails fail_timeout stop_on_unrecoverable_error`);
const optionKeys =
  words(`temperature max_tokens top_p top_k input_cost output_cost upstream_url upstream_path azure_instance
  azure_deployment_id azure_api_version anthropic_version llama2_format mistral_format gemini bedrock huggingface embeddings_dimensions
  cohere dashscope databricks`);
/** Options that say where a call goes or what it costs, not how the model answers. */
const placeOptions = words("input_cost output_cost upstream_url azure_instance azure_deployment_id");

/** Kong's own values where the file leaves them out (schema 3.9). */
const balancerDefaults = { algorithm: "round-robin", read_timeout: 60_000, retries: 5, weight: 100 } as const;

/**
 * The routes of a decK file: one for each enabled `ai-proxy` or `ai-proxy-advanced` plugin, named by what it is attached to. Timeouts
 * are milliseconds in both. Under `algorithm: priority` a target's weight is its priority group, the greatest first, and no share.
 */
export function readKong(
  reading: Reading,
  top: JsonObject,
): { routes: readonly GatewayRoute[]; settings: readonly GatewaySetting[] } {
  const found = findPlugins(reading, [], top, "global");
  const names = new Map<string, number>();
  const routes = found.flatMap((plugin) => {
    if (plugin.entry["enabled"] === false) return [];
    const route = readPlugin(reading, plugin);
    const count = (names.get(route.name) ?? 0) + 1;
    names.set(route.name, count);
    return [count === 1 ? route : { ...route, name: `${route.name} (${count})` }];
  });
  return { routes, settings: listSettings(reading, top) };
}

interface Plugin {
  entry: JsonObject;
  steps: Steps;
  /** What it is attached to, for people. */
  scope: string;
}

const owners: readonly (readonly [key: string, word: string])[] = [
  ["services", "service"],
  ["routes", "route"],
  ["consumers", "consumer"],
  ["consumer_groups", "consumer group"],
];

function isAiProxy(entry: JsonObject): boolean {
  return entry["name"] === "ai-proxy" || entry["name"] === "ai-proxy-advanced";
}

function findPlugins(reading: Reading, steps: Steps, holder: JsonObject, scope: string): readonly Plugin[] {
  const own = listOf(holder["plugins"]).flatMap((entry, index): Plugin[] => {
    if (!isJsonObject(entry) || !isAiProxy(entry)) return [];
    return [{ entry, steps: [...steps, "plugins", index], scope: scopeOf(entry, scope) }];
  });
  const inner = owners.flatMap(([key, word]) =>
    listOf(holder[key]).flatMap((item, index) => {
      if (!isJsonObject(item)) return [];
      const name = [item["name"], item["username"], item["id"]].find((each) => typeof each === "string");
      return findPlugins(reading, [...steps, key, index], item, `${word} ${String(name ?? index + 1)}`);
    }),
  );
  return [...own, ...inner];
}

/** A plugin at the top level says by itself what it is attached to. */
function scopeOf(entry: JsonObject, scope: string): string {
  if (scope !== "global") return scope;
  const parts = ["route", "service", "consumer", "consumer_group"].flatMap((key) => {
    const value = entry[key];
    const name = isJsonObject(value) ? (value["name"] ?? value["id"]) : value;
    return typeof name === "string" ? [`${key.replace("_", " ")} ${name}`] : [];
  });
  return parts.length === 0 ? scope : parts.join(", ");
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonList(value) ? value : [];
}

function readPlugin(reading: Reading, { entry, steps, scope }: Plugin): GatewayRoute {
  const at = [...steps, "config"];
  const config = readMap(reading, at, entry["config"]) ?? {};
  const isAdvanced = entry["name"] === "ai-proxy-advanced";
  checkKeys(reading, at, config, isAdvanced ? advancedKeys : proxyKeys);
  const balancer = readMap(reading, [...at, "balancer"], config["balancer"]) ?? {};
  checkKeys(reading, [...at, "balancer"], balancer, balancerKeys);
  const algorithm = isAdvanced
    ? (readText(reading, [...at, "balancer", "algorithm"], balancer["algorithm"]) ?? balancerDefaults.algorithm)
    : null;
  const common: Common = {
    algorithm,
    at,
    timeoutMs: isAdvanced
      ? (readNumber(reading, [...at, "balancer", "read_timeout"], balancer["read_timeout"]) ??
        balancerDefaults.read_timeout)
      : null,
    retries: isAdvanced
      ? (readNumber(reading, [...at, "balancer", "retries"], balancer["retries"]) ?? balancerDefaults.retries)
      : null,
  };
  const targets = isAdvanced
    ? readList(reading, [...at, "targets"], config["targets"]).flatMap((item, index) => {
        const target = readMap(reading, [...at, "targets", index], item);
        if (target === null) return [];
        checkKeys(reading, [...at, "targets", index], target, targetKeys);
        return [readTarget(reading, [...at, "targets", index], target, common)];
      })
    : [readTarget(reading, at, config, common)];
  const instance = entry["instance_name"];
  return {
    name: typeof instance === "string" ? `${scope} (${instance})` : scope,
    targets,
    fallbacks: [],
    routing: {
      ...leaveOut(entry, new Set(["config", "id", "tags", "enabled"])),
      config: leaveOut(config, new Set(isAdvanced ? ["targets", "balancer"] : [...targetKeys])),
      balancer: {
        failover_criteria: ["error", "timeout"],
        ...leaveOut(balancer, new Set(["algorithm", "read_timeout", "retries"])),
        algorithm,
      },
    },
    places: tableOf([
      ["", placeAt(reading, [...steps, "name"])] as const,
      ["routing", placeAt(reading, [...at, "balancer", "algorithm"])] as const,
      ["fallback", placeAt(reading, [...at, "targets"])] as const,
    ]),
  };
}

interface Common {
  algorithm: string | null;
  at: Steps;
  timeoutMs: number | null;
  retries: number | null;
}

function readTarget(reading: Reading, steps: Steps, target: JsonObject, common: Common): GatewayTarget {
  const at = [...steps, "model"];
  const model = readMap(reading, at, target["model"]) ?? {};
  checkKeys(reading, at, model, modelKeys);
  const options = readMap(reading, [...at, "options"], model["options"]) ?? {};
  checkKeys(reading, [...at, "options"], options, optionKeys);
  const option = (key: string): string | null => readText(reading, [...at, "options", key], options[key]);
  const deployment = option("azure_deployment_id");
  const name = deployment ?? readText(reading, [...at, "name"], model["name"]);
  if (name === null) reportModelOfCaller(reading, at);
  const weight = readNumber(reading, [...steps, "weight"], target["weight"]) ?? balancerDefaults.weight;
  const isPriority = common.algorithm === "priority";
  const endpoint = option("upstream_url") ?? azureEndpoint(option("azure_instance"));
  const parameters = leaveOut(options, placeOptions);
  const bundle: Partial<Bundle> & { model: string } = {
    provider: readText(reading, [...at, "provider"], model["provider"]),
    model: name ?? modelOfCaller,
    endpoint,
    region: readRegion(options),
    parameters,
    timeoutMs: common.timeoutMs,
    maxRetries: common.retries,
    pricing: readPricing(reading, [...at, "options"], options),
  };
  const alias = model["model_alias"];
  const parts = {
    id: typeof alias === "string" ? alias : null,
    bundle,
    weight: isPriority || common.algorithm === null ? null : weight,
    priority: isPriority ? -weight : 0,
    settings: { ...leaveOut(target, new Set(["model", "weight"])), model_alias: alias ?? null },
  };
  return buildTarget(reading, steps, parts, {
    provider: [...at, "provider"],
    model: deployment === null ? [...at, "name"] : [...at, "options", "azure_deployment_id"],
    endpoint: [...at, "options", options["upstream_url"] === undefined ? "azure_instance" : "upstream_url"],
    region: [...at, "options"],
    timeoutMs: [...common.at, "balancer", "read_timeout"],
    maxRetries: [...common.at, "balancer", "retries"],
    pricing: [...at, "options", "input_cost"],
    weight: [...steps, "weight"],
    ...Object.fromEntries(Object.keys(parameters).map((key) => [`parameters.${key}`, [...at, "options", key]])),
  });
}

function azureEndpoint(instance: string | null): string | null {
  return instance === null ? null : `https://${instance}.openai.azure.com`;
}

function readRegion(options: JsonObject): string | null {
  for (const [provider, key] of [
    ["bedrock", "aws_region"],
    ["gemini", "location_id"],
  ] as const) {
    const inner = options[provider];
    const region = isJsonObject(inner) ? inner[key] : null;
    if (typeof region === "string") return region;
  }
  return null;
}

/** Dollars per million tokens, as Kong counts them. */
function readPricing(reading: Reading, steps: Steps, options: JsonObject): Bundle["pricing"] {
  const inputPerMTok = readNumber(reading, [...steps, "input_cost"], options["input_cost"]);
  const outputPerMTok = readNumber(reading, [...steps, "output_cost"], options["output_cost"]);
  return inputPerMTok === null && outputPerMTok === null ? null : { inputPerMTok, outputPerMTok };
}

/** The file without its AI plugins, one setting for each entry of a list at the top level. */
function listSettings(reading: Reading, top: JsonObject): readonly GatewaySetting[] {
  return Object.entries(top).flatMap(([key, value]): GatewaySetting[] => {
    if (!isJsonList(value)) return [{ name: key, value, place: placeAt(reading, [key]) }];
    return value.flatMap((item, index) => {
      if (isJsonObject(item) && key === "plugins" && isAiProxy(item) && item["enabled"] !== false) return [];
      const name = isJsonObject(item)
        ? [item["name"], item["username"], item["id"]].find((each) => typeof each === "string")
        : null;
      return [
        {
          name: `${key}.${String(name ?? index + 1)}`,
          value: dropPlugins(item),
          place: placeAt(reading, [key, index]),
        },
      ];
    });
  });
}

function dropPlugins(value: JsonValue): JsonValue {
  if (isJsonList(value)) {
    return value
      .filter((item) => !(isJsonObject(item) && isAiProxy(item) && item["enabled"] !== false))
      .map(dropPlugins);
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, dropPlugins(member)]));
}
