import { createHash } from "node:crypto";
import { renderCanonical } from "../audit/canonical-text.ts";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { parseYamlDocuments } from "../yaml/parse-yaml.ts";
import type { YamlDocument } from "../yaml/yaml-document.ts";
import type { GatewayFile, GatewayKind, GatewayRoute, GatewaySetting } from "./gateway-route.ts";
import { hideSecrets } from "./hide-secrets.ts";
import { portkeyModes, readPortkey } from "./read-portkey.ts";
import { readEnvoy } from "./read-envoy.ts";
import { readKong } from "./read-kong.ts";
import { readLitellm } from "./read-litellm.ts";
import { report, type Reading } from "./reading.ts";
import { resolveMergeKeys } from "./resolve-merge-keys.ts";

/** A gateway's file that was recognised and not read yet. */
export interface RecognisedGateway {
  kind: GatewayKind;
  path: string;
  /** The documents with merge keys resolved; secrets still in them. */
  documents: readonly { document: YamlDocument; top: JsonObject }[];
}

/** Texts without any of these are no gateway's file; looking for them costs less than parsing. */
const marks = ["model_list", "gateway.envoyproxy.io", "_format_version", "strategy", "virtual_key"];

/**
 * Recognises a file of another gateway by its content, since none of them has a conventional name (facts/formats.md section 1). Null:
 * it is none, or cannot be parsed; then it is the route parser's to say what is wrong. A `model_change` record is never a gateway's.
 */
export function recogniseGateway(path: string, text: string): RecognisedGateway | null {
  if (!marks.some((mark) => text.includes(mark))) return null;
  const parsed = parseYamlDocuments(path, text);
  if (!parsed.ok) return null;
  const documents = parsed.value.flatMap((document) => {
    const top = resolveMergeKeys(document.value);
    return isJsonObject(top) ? [{ document, top }] : [];
  });
  const [first] = documents;
  if (first === undefined || documents.length !== parsed.value.length) return null;
  if (documents.some(({ top }) => Object.hasOwn(top, "model_change"))) return null;
  if (documents.some(({ top }) => isEnvoy(top))) return { kind: "envoy", path, documents };
  const kind = documents.length === 1 ? kindOf(first.top) : null;
  return kind === null ? null : { kind, path, documents };
}

function isEnvoy({ apiVersion, kind }: JsonObject): boolean {
  if (typeof apiVersion !== "string" || typeof kind !== "string") return false;
  if (apiVersion.startsWith("aigateway.envoyproxy.io/")) return true;
  return apiVersion.startsWith("gateway.envoyproxy.io/") && (kind === "Backend" || kind === "BackendTrafficPolicy");
}

function kindOf(top: JsonObject): GatewayKind | null {
  const models = top["model_list"];
  if (isJsonList(models)) {
    const isMeant =
      models.length === 0 || models.some((item) => isJsonObject(item) && isJsonObject(item["litellm_params"]));
    return isMeant ? "litellm" : null;
  }
  if (top["_format_version"] !== undefined) return "kong";
  const strategy = top["strategy"];
  if (isJsonObject(strategy) && isJsonList(top["targets"])) {
    const { mode } = strategy;
    return typeof mode === "string" && portkeyModes.includes(mode) ? "portkey" : null;
  }
  return typeof top["virtual_key"] === "string" ? "portkey" : null;
}

/**
 * Reads a recognised file as routes. Total: what cannot be understood is a problem of it. Secrets are replaced before anything else
 * looks, so that no sentence, table or setting can show them; the digest still changes with them.
 */
export function readGateway({ kind, path, documents }: RecognisedGateway): GatewayFile {
  const resources = documents.map(({ document, top }) => {
    const reading: Reading = { document, problems: [] };
    const shown: JsonValue = hideSecrets(reading, top);
    return { reading, top: isJsonObject(shown) ? shown : {} };
  });
  const [first] = resources;
  const found =
    first === undefined ? nothing : kind === "envoy" ? readEnvoy(resources) : readers[kind](first.reading, first.top);
  for (const resource of resources.slice(0, 1)) refuseTooMany(resource.reading, found.routes);
  const meaning = renderCanonical([kind, documents.map(({ top }) => top)]);
  return {
    kind,
    path,
    routes: found.routes.map(cutRoute).toSorted((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1)),
    settings: found.settings,
    digest: createHash("sha256").update(meaning).digest("hex"),
    problems: resources
      .flatMap(({ reading }) => reading.problems)
      .sort((a, b) => a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1))
      .slice(0, 50),
  };
}

/** More than this nobody reviews, and comparing pools costs with their size. */
const mostOfOneRoute = 200;

function refuseTooMany(reading: Reading, routes: readonly GatewayRoute[]): void {
  const route = routes.find(({ targets, fallbacks }) => Math.max(targets.length, fallbacks.length) > mostOfOneRoute);
  if (route === undefined) return;
  report(reading, [], {
    code: "gateway-too-many-targets",
    message: "A route has more targets or fallbacks than Routeward compares.",
    expected: `at most ${mostOfOneRoute} targets and ${mostOfOneRoute} fallbacks for one route`,
    found: `${Math.max(route.targets.length, route.fallbacks.length)} for ${route.name}`,
    fix: "Split the route.",
  });
}

function cutRoute(route: GatewayRoute): GatewayRoute {
  const { targets, fallbacks } = route;
  return { ...route, targets: targets.slice(0, mostOfOneRoute), fallbacks: fallbacks.slice(0, mostOfOneRoute) };
}

interface Found {
  routes: readonly GatewayRoute[];
  settings: readonly GatewaySetting[];
}

const nothing: Found = { routes: [], settings: [] };

const readers: Readonly<Record<Exclude<GatewayKind, "envoy">, (reading: Reading, top: JsonObject) => Found>> = {
  litellm: readLitellm,
  kong: readKong,
  portkey: readPortkey,
};
