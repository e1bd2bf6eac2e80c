import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import type { Place } from "../problem.ts";
import { tableOf } from "../table-of.ts";
import { buildTarget, leaveOut } from "./build-target.ts";
import { nameOf, readMutation, type Resource } from "./envoy-resource.ts";
import type { GatewayRoute } from "./gateway-route.ts";
import { modelOfCaller, placeAt } from "./reading.ts";

/** An AIServiceBackend with the address and the credentials' region that other resources of the file give it. */
export interface ServiceBackend {
  provider: string | null;
  endpoint: string;
  region: string | null;
  parameters: JsonObject;
  settings: JsonValue;
  places: Readonly<Record<string, Place>>;
}

/** What rules refer to by name. */
export interface Backends {
  find(name: string | null): ServiceBackend | null;
  /** Retries of the BackendTrafficPolicy for the HTTPRoute that is generated under the route's name. */
  retriesOf(route: string): number | null;
  retryOf(route: string): JsonValue;
  /** Backends that no rule of the file names, as routes of their own. */
  listUnused(used: ReadonlySet<string>): readonly GatewayRoute[];
}

/** The schema is an API, not a vendor: who serves it is known only together with the address. */
const providerOfSchema: Readonly<Record<string, string>> = {
  OpenAI: "openai",
  Cohere: "cohere",
  Anthropic: "anthropic",
  AWSBedrock: "bedrock",
  AWSAnthropic: "bedrock",
  AzureOpenAI: "azure",
  GCPVertexAI: "vertex",
  GCPAnthropic: "vertex",
};

export function indexBackends(resources: readonly Resource[]): Backends {
  const ofKind = (kind: string): ReadonlyMap<string, Resource> =>
    new Map(resources.filter(({ top }) => top["kind"] === kind).map((each) => [nameOf(each.top), each]));
  const addresses = ofKind("Backend");
  const services = ofKind("AIServiceBackend");
  const regions = indexRegions(resources);
  const retries = indexRetries(resources);
  const served = new Map(
    [...services].map(([name, resource]) => [name, readService(name, resource, addresses, regions)] as const),
  );
  const pointedAt = new Set([...services.values()].map(({ top }) => backendNameOf(top)));
  return {
    find: (name) => (name === null ? null : (served.get(name) ?? null)),
    retriesOf: (route) => retries.get(route)?.count ?? null,
    retryOf: (route) => retries.get(route)?.value ?? null,
    listUnused: (used) => [
      ...[...services].flatMap(([name, resource]) => {
        const service = served.get(name);
        return used.has(name) || service === undefined
          ? []
          : [showAlone(`AIServiceBackend/${name}`, resource, service)];
      }),
      ...[...addresses].flatMap(([name, resource]) =>
        pointedAt.has(name) ? [] : [showAlone(`Backend/${name}`, resource, readAddressAlone(resource))],
      ),
    ],
  };
}

function readService(
  name: string,
  { reading, top }: Resource,
  addresses: ReadonlyMap<string, Resource>,
  regions: ReadonlyMap<string, string>,
): ServiceBackend {
  const spec = isJsonObject(top["spec"]) ? top["spec"] : {};
  const schema = isJsonObject(spec["schema"]) ? spec["schema"] : {};
  const schemaName = typeof schema["name"] === "string" ? schema["name"] : null;
  const pointed = backendNameOf(top);
  const address = pointed === null ? undefined : addresses.get(pointed);
  const endpoint = address === undefined ? null : readEndpoint(address.top);
  const schemaPlace = placeAt(reading, ["spec", "schema", "name"]);
  const { schema: _schema, backendRef: _reference, bodyMutation, ...rest } = spec;
  return {
    provider:
      schemaName === null
        ? null
        : Object.hasOwn(providerOfSchema, schemaName)
          ? (providerOfSchema[schemaName] ?? null)
          : schemaName,
    endpoint: endpoint ?? `Backend/${pointed ?? "?"} (not in this file)`,
    region: regions.get(name) ?? readRegion(endpoint),
    parameters: readMutation(reading, ["spec", "bodyMutation"], bodyMutation),
    settings: { schema, rest },
    places: tableOf([
      ["provider", schemaPlace] as const,
      [
        "endpoint",
        address === undefined
          ? placeAt(reading, ["spec", "backendRef"])
          : placeAt(address.reading, ["spec", "endpoints"]),
      ] as const,
    ]),
  };
}

function backendNameOf(top: JsonObject): string | null {
  const spec = isJsonObject(top["spec"]) ? top["spec"] : {};
  const reference = isJsonObject(spec["backendRef"]) ? spec["backendRef"] : {};
  return typeof reference["name"] === "string" ? reference["name"] : null;
}

/** The addresses of a Backend, `https://` for the usual port; several stand beside each other, and then nobody serves them publicly. */
function readEndpoint(top: JsonObject): string | null {
  const spec = isJsonObject(top["spec"]) ? top["spec"] : {};
  const endpoints = isJsonList(spec["endpoints"]) ? spec["endpoints"] : [];
  const texts = endpoints.filter(isJsonObject).map((endpoint) => {
    const fqdn = isJsonObject(endpoint["fqdn"]) ? endpoint["fqdn"] : null;
    const ip = isJsonObject(endpoint["ip"]) ? endpoint["ip"] : null;
    const host = fqdn?.["hostname"] ?? ip?.["address"];
    const port = fqdn?.["port"] ?? ip?.["port"];
    if (typeof host !== "string") return "(unreadable address)";
    return port === 443 || port === undefined ? `https://${host}` : `http://${host}:${JSON.stringify(port)}`;
  });
  return texts.length === 0 ? null : texts.join(", ");
}

function readRegion(endpoint: string | null): string | null {
  return /^https:\/\/bedrock-runtime(?:-fips)?\.([a-z0-9-]{4,30})\.amazonaws\.com$/.exec(endpoint ?? "")?.[1] ?? null;
}

/** Regions that BackendSecurityPolicies name, by the AIServiceBackend that they are for. */
function indexRegions(resources: readonly Resource[]): ReadonlyMap<string, string> {
  const regions = new Map<string, string>();
  for (const { top } of resources) {
    const spec = top["kind"] === "BackendSecurityPolicy" && isJsonObject(top["spec"]) ? top["spec"] : {};
    const credentials = [spec["awsCredentials"], spec["gcpCredentials"]].find(isJsonObject) ?? {};
    const region = credentials["region"];
    if (typeof region !== "string") continue;
    for (const name of namesOf(spec["targetRefs"])) regions.set(name, region);
  }
  return regions;
}

function indexRetries(resources: readonly Resource[]): ReadonlyMap<string, { count: number | null; value: JsonValue }> {
  const retries = new Map<string, { count: number | null; value: JsonValue }>();
  for (const { top } of resources) {
    const spec = top["kind"] === "BackendTrafficPolicy" && isJsonObject(top["spec"]) ? top["spec"] : {};
    const retry = spec["retry"];
    if (!isJsonObject(retry)) continue;
    const count = retry["numRetries"];
    const names = namesOf(isJsonObject(spec["targetRef"]) ? [spec["targetRef"]] : spec["targetRefs"]);
    for (const name of names)
      retries.set(name, {
        count: typeof count === "number" ? count : null,
        value: leaveOut(retry, new Set(["numRetries"])),
      });
  }
  return retries;
}

function namesOf(value: JsonValue | undefined): readonly string[] {
  const list = isJsonList(value) ? value : [];
  return list.filter(isJsonObject).flatMap(({ name }) => (typeof name === "string" ? [name] : []));
}

function readAddressAlone({ reading, top }: Resource): ServiceBackend {
  const endpoint = readEndpoint(top);
  return {
    provider: null,
    endpoint: endpoint ?? "(unreadable address)",
    region: readRegion(endpoint),
    parameters: {},
    settings: top["spec"] ?? null,
    places: tableOf([["endpoint", placeAt(reading, ["spec", "endpoints"])] as const]),
  };
}

function showAlone(name: string, { reading }: Resource, service: ServiceBackend): GatewayRoute {
  const { provider, endpoint, region, parameters, settings, places } = service;
  const bundle = { provider, model: modelOfCaller, endpoint, region, parameters };
  const parts = { id: null, bundle, weight: null, priority: 0, settings: { settings } };
  const target = buildTarget(reading, ["spec"], parts, {});
  return {
    name,
    targets: [{ ...target, places: { ...target.places, ...places } }],
    fallbacks: [],
    routing: {},
    places: tableOf([["", placeAt(reading, ["metadata", "name"])] as const]),
  };
}
