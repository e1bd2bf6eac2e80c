import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { tableOf } from "../table-of.ts";
import { buildTarget, leaveOut } from "./build-target.ts";
import { indexBackends, type Backends } from "./envoy-backends.ts";
import { nameOf, readMutation, type Resource } from "./envoy-resource.ts";
import type { GatewayRoute, GatewaySetting, GatewayTarget } from "./gateway-route.ts";
import { parseGatewayDuration } from "./parse-gateway-duration.ts";
import {
  checkKeys,
  modelOfCaller,
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

const modelHeader = "x-ai-eg-model";
const ruleKeys = new Set(
  "name matches backendRefs timeouts modelsOwnedBy modelsCreatedAt filters sessionPersistence retry streamIdleTimeout".split(
    " ",
  ),
);
const referenceKeys = new Set(
  "name namespace kind group port weight priority modelNameOverride headerMutation bodyMutation filters".split(" "),
);

/**
 * The routes of Envoy AI Gateway resources: one for each rule of an AIGatewayRoute, named by the model that callers ask for. Backends and
 * retry policies are found in the same file; a backend that no rule of the file uses is shown as a route of its own, because rules
 * elsewhere may use it.
 */
export function readEnvoy(resources: readonly Resource[]): {
  routes: readonly GatewayRoute[];
  settings: readonly GatewaySetting[];
} {
  const backends = indexBackends(resources);
  const used = new Set<string>();
  const routes = resources.flatMap((resource) => readRoute(resource, backends, used));
  const names = new Map<string, number>();
  const unique = [...routes, ...backends.listUnused(used)].map((route) => {
    const count = (names.get(route.name) ?? 0) + 1;
    names.set(route.name, count);
    return count === 1 ? route : { ...route, name: `${route.name} (${count})` };
  });
  return { routes: unique, settings: resources.flatMap(listSettings) };
}

function readRoute(resource: Resource, backends: Backends, used: Set<string>): readonly GatewayRoute[] {
  const { reading, top } = resource;
  if (top["kind"] !== "AIGatewayRoute") return [];
  const spec = readMap(reading, ["spec"], top["spec"]) ?? {};
  return readList(reading, ["spec", "rules"], spec["rules"]).flatMap((item, index) => {
    const steps = ["spec", "rules", index];
    const rule = readMap(reading, steps, item);
    return rule === null ? [] : [readRule({ resource, rule, steps, index }, backends, used)];
  });
}

interface Rule {
  resource: Resource;
  rule: JsonObject;
  steps: Steps;
  index: number;
}

function readRule({ resource, rule, steps, index }: Rule, backends: Backends, used: Set<string>): GatewayRoute {
  const { reading, top } = resource;
  checkKeys(reading, steps, rule, ruleKeys);
  const { models, others, isOpen } = readMatches(reading, [...steps, "matches"], rule["matches"]);
  const owner = nameOf(top);
  const name = `${models.length === 0 ? `any model of ${owner}, rule ${index + 1}` : models.join(" | ")}${others}`;
  const timeouts = readMap(reading, [...steps, "timeouts"], rule["timeouts"]) ?? {};
  // How long a caller waits; without it, how long one backend is waited for.
  const timeoutKey = timeouts["request"] === undefined ? "backendRequest" : "request";
  const timeoutAt = [...steps, "timeouts", timeoutKey];
  const common = {
    timeoutMs: readDuration(reading, timeoutAt, timeouts[timeoutKey]),
    timeoutAt,
    maxRetries: backends.retriesOf(owner),
  };
  const targets = readList(reading, [...steps, "backendRefs"], rule["backendRefs"]).flatMap((item, position) => {
    const at = [...steps, "backendRefs", position];
    const reference = readMap(reading, at, item);
    if (reference === null) return [];
    checkKeys(reading, at, reference, referenceKeys);
    const backend = readText(reading, [...at, "name"], reference["name"]);
    if (backend !== null) used.add(backend);
    const override = readText(reading, [...at, "modelNameOverride"], reference["modelNameOverride"]);
    if (override === null && isOpen) reportWildcard(reading, at, name);
    const [asked] = models;
    const model = override ?? (isOpen || models.length !== 1 || asked === undefined ? modelOfCaller : asked);
    return [readTarget({ reading, reference, at, backend, model, ...common }, backends)];
  });
  return {
    name,
    targets,
    fallbacks: [],
    routing: {
      ...leaveOut(rule, new Set(["backendRefs", "timeouts"])),
      timeouts: leaveOut(timeouts, new Set([timeoutKey])),
      retry: backends.retryOf(owner),
    },
    places: tableOf([
      ["", placeAt(reading, steps)] as const,
      ["routing", placeAt(reading, [...steps, "matches"])] as const,
      ["fallback", placeAt(reading, [...steps, "backendRefs"])] as const,
    ]),
  };
}

/** Which models the rule answers for. Open: callers may name any, or any of a pattern. */
function readMatches(
  reading: Reading,
  steps: Steps,
  value: JsonValue | undefined,
): { models: readonly string[]; others: string; isOpen: boolean } {
  const matches = readList(reading, steps, value);
  const models: string[] = [];
  const others: string[] = [];
  let isOpen = matches.length === 0;
  for (const [index, item] of matches.entries()) {
    const match = readMap(reading, [...steps, index], item) ?? {};
    let isNamed = false;
    for (const [position, each] of readList(reading, [...steps, index, "headers"], match["headers"]).entries()) {
      const at = [...steps, index, "headers", position];
      const header = readMap(reading, at, each) ?? {};
      const text = readText(reading, [...at, "value"], header["value"]) ?? "";
      if (typeof header["name"] === "string" && header["name"].toLowerCase() === modelHeader) {
        isNamed = true;
        isOpen ||= header["type"] === "RegularExpression";
        models.push(text);
      } else {
        others.push(`${JSON.stringify(header["name"] ?? null)}=${text}`);
      }
    }
    isOpen ||= !isNamed;
  }
  return { models: [...new Set(models)], others: others.length === 0 ? "" : ` [${others.join(", ")}]`, isOpen };
}

interface TargetInput {
  reading: Reading;
  reference: JsonObject;
  at: Steps;
  backend: string | null;
  model: string;
  timeoutMs: number | null;
  maxRetries: number | null;
  timeoutAt: Steps;
}

function readTarget(input: TargetInput, backends: Backends): GatewayTarget {
  const { reading, reference, at, backend, model, timeoutMs, maxRetries } = input;
  const kind = reference["kind"];
  // An inference pool chooses among servers that the file does not show.
  const isPool = typeof kind === "string" && kind !== "AIServiceBackend";
  const served = isPool ? null : backends.find(backend);
  const endpoint = served?.endpoint ?? `${isPool ? kind : "AIServiceBackend"}/${backend ?? "?"} (not in this file)`;
  const parameters = {
    ...served?.parameters,
    ...readMutation(reading, [...at, "bodyMutation"], reference["bodyMutation"]),
  };
  const parts = {
    id: backend,
    bundle: {
      provider: served?.provider ?? null,
      model,
      endpoint,
      region: served?.region ?? null,
      parameters,
      timeoutMs,
      maxRetries,
    },
    weight: readNumber(reading, [...at, "weight"], reference["weight"]) ?? 1,
    priority: readNumber(reading, [...at, "priority"], reference["priority"]) ?? 0,
    settings: { header: reference["headerMutation"] ?? null, backend: served?.settings ?? null },
  };
  const target = buildTarget(reading, at, parts, {
    model: [...at, "modelNameOverride"],
    weight: [...at, "weight"],
    timeoutMs: input.timeoutAt,
    parameters: [...at, "bodyMutation"],
  });
  return served === null ? target : { ...target, places: { ...target.places, ...served.places } };
}

function readDuration(reading: Reading, steps: Steps, value: JsonValue | undefined): number | null {
  const text = readText(reading, steps, value);
  if (text === null) return null;
  const milliseconds = parseGatewayDuration(text);
  if (milliseconds === null) {
    report(reading, steps, {
      code: "gateway-wrong-value",
      message: "The timeout is no duration, so how long a call may take is not known.",
      expected: "a duration such as 30s, 1m30s or 500ms",
      found: text,
      fix: "Write it with a unit.",
    });
  }
  return milliseconds;
}

/** Everything of the resources that the routes do not hold: other kinds as a whole, and the rest of the specifications. */
function listSettings({ reading, top }: Resource): readonly GatewaySetting[] {
  const kind = typeof top["kind"] === "string" ? top["kind"] : "resource";
  const name = `${kind}/${nameOf(top)}`;
  const spec = top["spec"];
  const place = placeAt(reading, ["spec"]);
  if (kind === "AIServiceBackend" || kind === "Backend") return [{ name, value: top["metadata"] ?? null, place }];
  if (kind !== "AIGatewayRoute" || !isJsonObject(spec))
    return [{ name, value: top, place: placeAt(reading, ["kind"]) }];
  return [
    { name: `${name} metadata`, value: top["metadata"] ?? null, place: placeAt(reading, ["metadata"]) },
    ...Object.entries(spec)
      .filter(([key]) => key !== "rules")
      .map(([key, value]) => ({ name: `${name} ${key}`, value, place: placeAt(reading, ["spec", key]) })),
  ];
}
