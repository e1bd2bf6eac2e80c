import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { identifyModel } from "../models/identify-model.ts";
import type { Bundle } from "../routes/route-file.ts";
import { tableOf } from "../table-of.ts";
import { buildTarget, emptyBundle, keepOnly, leaveOut } from "./build-target.ts";
import type { GatewayRoute, GatewaySetting, GatewayTarget } from "./gateway-route.ts";
import {
  accountKeys,
  consumedKeys,
  entryKeys,
  infrastructureKeys,
  paramsElsewhere,
  paramsKeys,
  routerKeys,
  topKeys,
} from "./litellm-keys.ts";
import { readFallbacks, type Fallbacks } from "./read-litellm-fallbacks.ts";
import {
  checkKeys,
  isReference,
  placeAt,
  readList,
  readMap,
  readNumber,
  readText,
  report,
  reportWildcard,
  type Reading,
  type Steps,
} from "./reading.ts";

/**
 * The routes of a LiteLLM proxy configuration: one for each `model_name`, with every entry of that name as a target, and one for each
 * alias. Timeouts are seconds there and milliseconds here (facts/formats.md section 1).
 */
export function readLitellm(
  reading: Reading,
  top: JsonObject,
): { routes: readonly GatewayRoute[]; settings: readonly GatewaySetting[] } {
  checkKeys(reading, [], top, topKeys);
  const router = readMap(reading, ["router_settings"], top["router_settings"]) ?? {};
  const common = readMap(reading, ["litellm_settings"], top["litellm_settings"]) ?? {};
  checkKeys(reading, ["router_settings"], router, routerKeys, { request_timeout: "timeout", retries: "num_retries" });
  checkMisplaced(reading, top);

  const defaults: Defaults = {
    timeoutMs:
      toMs(readNumber(reading, ["router_settings", "timeout"], router["timeout"])) ??
      toMs(readNumber(reading, ["litellm_settings", "request_timeout"], common["request_timeout"])),
    timeoutAt:
      router["timeout"] === undefined ? ["litellm_settings", "request_timeout"] : ["router_settings", "timeout"],
    retries:
      readNumber(reading, ["router_settings", "num_retries"], router["num_retries"]) ??
      readNumber(reading, ["litellm_settings", "num_retries"], common["num_retries"]),
    retriesAt:
      router["num_retries"] === undefined ? ["litellm_settings", "num_retries"] : ["router_settings", "num_retries"],
  };
  const pools = readPools(reading, top, defaults);
  const fallbacks = readFallbacks(reading, top, new Set(pools.keys()));
  const strategy = router["routing_strategy"] ?? "simple-shuffle";
  const named = [...pools].map(([name, pool]) => buildRoute(reading, name, pool, fallbacks, strategy));
  return { routes: [...named, ...readAliases(reading, router, named)], settings: listSettings(reading, top) };
}

interface Defaults {
  timeoutMs: number | null;
  timeoutAt: Steps;
  retries: number | null;
  retriesAt: Steps;
}

interface Pool {
  steps: Steps;
  targets: GatewayTarget[];
}

function toMs(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1000);
}

function checkMisplaced(reading: Reading, top: JsonObject): void {
  for (const key of ["fallbacks", "default_fallbacks", "num_retries", "request_timeout", "routing_strategy"]) {
    if (top[key] === undefined) continue;
    report(reading, [key], {
      code: "gateway-misspelt-key",
      message: `\`${key}\` stands at the top level, where LiteLLM does not read it: it has no effect.`,
      expected: key === "request_timeout" ? "`litellm_settings.request_timeout`" : `\`router_settings.${key}\``,
      found: key,
      fix: `Move it below \`${key === "request_timeout" ? "litellm_settings" : "router_settings"}\`.`,
    });
  }
  const general = top["general_settings"];
  const flag = isJsonObject(general) ? general["store_model_in_db"] : undefined;
  if (flag === true || (typeof flag === "string" && /^(?:true|yes|on)$/i.test(flag))) {
    report(reading, ["general_settings", "store_model_in_db"], {
      code: "gateway-models-in-database",
      severity: "warning",
      message:
        "Models can also be added in the gateway's database, outside of Git: this file does not show all routes.",
      expected: "`store_model_in_db: false`",
      found: flag,
      fix: "Turn it off, or know that routes in the database are reviewed by nobody.",
    });
  }
  if (top["include"] !== undefined) {
    report(reading, ["include"], {
      code: "gateway-include",
      severity: "warning",
      message: "The file includes others; each is judged by itself, as far as the policy's `routes` name it.",
      expected: "all routes in one file",
      found: top["include"],
      fix: "Make sure that the policy's `routes` name the included files.",
    });
  }
}

function readPools(reading: Reading, top: JsonObject, defaults: Defaults): Map<string, Pool> {
  const pools = new Map<string, Pool>();
  for (const [index, item] of readList(reading, ["model_list"], top["model_list"]).entries()) {
    const steps = ["model_list", index];
    const entry = readMap(reading, steps, item);
    const params = entry === null ? null : readMap(reading, [...steps, "litellm_params"], entry["litellm_params"]);
    const name = entry === null ? null : readText(reading, [...steps, "model_name"], entry["model_name"]);
    const model = params === null ? null : readText(reading, [...steps, "litellm_params", "model"], params["model"]);
    if (entry === null || params === null || name === null || model === null) {
      report(reading, steps, {
        code: "gateway-incomplete-entry",
        message: "An entry of `model_list` lacks `model_name` or `litellm_params.model`.",
        expected: "`model_name` and `litellm_params` with `model`",
        found: item,
        fix: "Complete the entry or remove it.",
      });
      continue;
    }
    checkKeys(reading, steps, entry, entryKeys);
    checkKeys(reading, [...steps, "litellm_params"], params, paramsKeys, paramsElsewhere);
    if (name.includes("*") || model.includes("*")) {
      reportWildcard(
        reading,
        name.includes("*") ? [...steps, "model_name"] : [...steps, "litellm_params", "model"],
        `${name}: ${model}`,
      );
    }
    const info = readMap(reading, [...steps, "model_info"], entry["model_info"]) ?? {};
    const pool = pools.get(name) ?? { steps, targets: [] };
    pool.targets.push(readTarget(reading, steps, { params, model, info }, defaults));
    pools.set(name, pool);
  }
  return pools;
}

interface Entry {
  params: JsonObject;
  model: string;
  info: JsonObject;
}

function readTarget(reading: Reading, steps: Steps, entry: Entry, defaults: Defaults): GatewayTarget {
  const { params, model, info } = entry;
  const at = (key: string): Steps => [...steps, "litellm_params", key];
  const text = (key: string): string | null => readText(reading, at(key), params[key]);
  const number = (key: string): number | null => readNumber(reading, at(key), params[key]);
  const pick = (keys: readonly string[]): string =>
    keys.find((key) => typeof params[key] === "string") ?? keys[0] ?? "";
  const endpointKey = pick(["api_base", "base_url", "aws_bedrock_runtime_endpoint"]);
  const regionKey = pick(["aws_region_name", "vertex_location", "region_name", "watsonx_region_name"]);
  const retriesKey = params["num_retries"] === undefined ? "max_retries" : "num_retries";
  const base = readText(reading, [...steps, "model_info", "base_model"], info["base_model"]);
  const parameters = leaveOut(params, infrastructureKeys);
  const own = { timeout: toMs(number("timeout")), retries: number(retriesKey) };
  const bundle: Partial<Bundle> & { model: string } = {
    provider: text("custom_llm_provider"),
    model,
    ...declareBase(base),
    endpoint: text(endpointKey),
    region: text(regionKey),
    parameters,
    timeoutMs: own.timeout ?? defaults.timeoutMs,
    maxRetries: own.retries ?? defaults.retries,
    pricing: readPricing(reading, steps, entry),
  };
  const order = number("order");
  const parts = {
    id: readText(reading, [...steps, "model_info", "id"], info["id"]),
    bundle,
    weight: number("weight") ?? number("rpm") ?? number("tpm"),
    priority: order ?? Number.MAX_SAFE_INTEGER,
    settings: { ...keepOnly(params, accountKeys), ...(base === null ? info : leaveOut(info, new Set(["base_model"]))) },
  };
  return buildTarget(reading, steps, parts, {
    provider: at("custom_llm_provider"),
    model: at("model"),
    modelFamily: base === null ? at("model") : [...steps, "model_info", "base_model"],
    version: [...steps, "model_info", "base_model"],
    endpoint: at(endpointKey),
    region: at(regionKey),
    timeoutMs: own.timeout === null ? defaults.timeoutAt : at("timeout"),
    maxRetries: own.retries === null ? defaults.retriesAt : at(retriesKey),
    pricing: at("input_cost_per_token"),
    weight: at("weight"),
    settings: at("model"),
    ...Object.fromEntries(Object.keys(parameters).map((key) => [`parameters.${key}`, at(key)])),
  });
}

/** `base_model` declares which model stands behind a deployment; it is taken like a declared family. */
function declareBase(base: string | null): Partial<Bundle> {
  if (base === null || isReference(base)) return {};
  const identity = identifyModel({ ...emptyBundle, model: base }, { modelFamilies: {} });
  return { modelFamily: identity.family ?? base, version: base };
}

/** Dollars per token there, per million tokens here; `model_info` may say it as well. */
function readPricing(reading: Reading, steps: Steps, { params, info }: Entry): Bundle["pricing"] {
  const read = (key: string): number | null => {
    const section = params[key] === undefined ? "model_info" : "litellm_params";
    const value = readNumber(reading, [...steps, section, key], params[key] ?? info[key]);
    return value === null ? null : Number((value * 1_000_000).toPrecision(12));
  };
  const [inputPerMTok, outputPerMTok] = [read("input_cost_per_token"), read("output_cost_per_token")];
  return inputPerMTok === null && outputPerMTok === null ? null : { inputPerMTok, outputPerMTok };
}

function buildRoute(
  reading: Reading,
  name: string,
  pool: Pool,
  fallbacks: Fallbacks,
  strategy: JsonValue,
): GatewayRoute {
  const found = fallbacks.of(name);
  return {
    name,
    targets: pool.targets,
    fallbacks: found.names,
    // How to choose matters where there is a choice.
    routing: pool.targets.length > 1 ? { routing_strategy: strategy } : {},
    places: tableOf([
      ["", placeAt(reading, [...pool.steps, "model_name"])] as const,
      ["fallback", found.place ?? placeAt(reading, [...pool.steps, "model_name"])] as const,
      ["routing", placeAt(reading, ["router_settings", "routing_strategy"])] as const,
    ]),
  };
}

/** An alias is a route of its own that leads where the other one does. */
function readAliases(reading: Reading, router: JsonObject, named: readonly GatewayRoute[]): readonly GatewayRoute[] {
  const aliases = readMap(reading, ["router_settings", "model_group_alias"], router["model_group_alias"]) ?? {};
  return Object.entries(aliases).flatMap(([alias, value]) => {
    const steps = ["router_settings", "model_group_alias", alias];
    const group = readText(reading, steps, isJsonObject(value) ? value["model"] : value);
    const route = named.find((each) => each.name === group);
    if (group === null || named.some((each) => each.name === alias)) return [];
    if (route === undefined) {
      report(reading, steps, {
        code: "gateway-unknown-route",
        message: "The alias leads to a route that the file does not hold.",
        expected: "the `model_name` of an entry of `model_list`",
        found: group,
        fix: "Add the entry, or mend the name.",
      });
      return [];
    }
    return [{ ...route, name: alias, places: { ...route.places, "": placeAt(reading, steps) } }];
  });
}

/** Everything beside `model_list`, one setting for each key of a section, without what the routes already hold. */
function listSettings(reading: Reading, top: JsonObject): readonly GatewaySetting[] {
  return Object.entries(top).flatMap(([section, value]) => {
    if (section === "model_list") return [];
    if (!isJsonObject(value)) return [{ name: section, value, place: placeAt(reading, [section]) }];
    const consumed = consumedKeys[section] ?? new Set<string>();
    return Object.entries(value)
      .filter(([key]) => !consumed.has(key))
      .map(([key, member]) => ({
        name: `${section}.${key}`,
        value: member,
        place: placeAt(reading, [section, key]),
      }));
  });
}
