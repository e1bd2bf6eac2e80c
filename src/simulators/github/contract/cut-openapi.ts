/**
 * Cuts the operations and webhooks that the simulator serves out of GitHub's OpenAPI document, so that nobody has to
 * install 385 MB to run the tests.
 *
 *     cd "$(mktemp -d)" && npm install @octokit/openapi@23.0.2
 *     node src/simulators/github/contract/cut-openapi.ts <that folder>/node_modules/@octokit/openapi
 *
 * Descriptions and examples are dropped: they are most of the bytes and say nothing to a validator.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { simulatedOperations, simulatedWebhooks } from "./simulated-operations.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const droppedKeys = new Set(["description", "example", "examples", "externalDocs", "summary", "tags", "x-github"]);
/** Below these keys the keys are names chosen by GitHub, not words of OpenAPI: a property may be called `description`. */
const nameMaps = new Set(["properties", "patternProperties", "responses", "content", "headers", "schemas"]);

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Formats that GitHub itself does not keep: an address of a bot has brackets (`1+app[bot]@users.noreply.github.com`), and
 * an address that was not given is the empty text, which the document names as default of a `uri`.
 */
function contradictsGitHub(schema: JsonObject): boolean {
  return schema["format"] === "email" || (schema["format"] === "uri" && schema["default"] === "");
}

/**
 * The lists of events that an app may subscribe to are older than the document itself: they lack `merge_group` and
 * `deployment_protection_rule`, whose webhooks it describes. Any name is let through.
 */
function isListOfEvents(schema: JsonObject): boolean {
  const values = schema["enum"];
  return Array.isArray(values) && values.includes("branch_protection_rule") && values.includes("workflow_dispatch");
}

function stripProse(value: Json, keysAreNames: boolean): Json {
  if (Array.isArray(value)) return value.map((item) => stripProse(item, false));
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (!keysAreNames && droppedKeys.has(key)) continue;
    if (!keysAreNames && key === "headers") continue;
    if (!keysAreNames && key === "format" && contradictsGitHub(value)) continue;
    if (!keysAreNames && key === "enum" && isListOfEvents(value)) continue;
    // An enum or const holds values, and one of them may look like a schema.
    kept[key] =
      !keysAreNames && (key === "enum" || key === "default")
        ? item
        : stripProse(item, !keysAreNames && nameMaps.has(key));
  }
  return kept;
}

function collectReferences(value: Json, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectReferences(item, found);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "$ref" && typeof item === "string") found.add(item);
    else collectReferences(item, found);
  }
}

function lookUp(document: JsonObject, reference: string): Json {
  let at: Json | undefined = document;
  for (const part of reference.replace("#/", "").split("/")) {
    if (!isObject(at)) throw new Error(`${reference} leads nowhere`);
    at = at[part];
  }
  if (at === undefined) throw new Error(`${reference} leads nowhere`);
  return at;
}

function requireObject(value: Json | undefined, what: string): JsonObject {
  if (!isObject(value)) throw new Error(`the document has no ${what}`);
  return value;
}

function cutPaths(document: JsonObject): JsonObject {
  const paths = requireObject(document["paths"], "paths");
  const cut: JsonObject = {};
  for (const operation of simulatedOperations) {
    const [method = "", path = ""] = operation.split(" ");
    const source = requireObject(paths[path], path);
    const target = isObject(cut[path]) ? cut[path] : {};
    target[method.toLowerCase()] = stripProse(requireObject(source[method.toLowerCase()], operation), false);
    if (source["parameters"] !== undefined) target["parameters"] = stripProse(source["parameters"], false);
    cut[path] = target;
  }
  return cut;
}

function cutWebhooks(document: JsonObject): JsonObject {
  const webhooks = requireObject(document["x-webhooks"], "x-webhooks");
  const cut: JsonObject = {};
  for (const name of simulatedWebhooks) {
    const post = requireObject(requireObject(webhooks[name], name)["post"], `${name}.post`);
    cut[name] = {
      post: stripProse({ operationId: post["operationId"] ?? name, requestBody: post["requestBody"] ?? {} }, false),
    };
  }
  return cut;
}

/**
 * Mistakes of the document that no true answer could satisfy. The list of installations wants an account to be a user
 * and an enterprise at once (`allOf`); the single installation says `anyOf`.
 */
function correct(paths: JsonObject): void {
  const list = requireObject(paths["/app/installations"], "/app/installations");
  const get = requireObject(list["get"], "GET /app/installations");
  const answer = requireObject(requireObject(get["responses"], "responses")["200"], "200");
  answer["content"] = {
    "application/json": { schema: { type: "array", items: { $ref: "#/components/schemas/installation" } } },
  };
}

function cutDocument(document: JsonObject, packageName: string, packageVersion: string): JsonObject {
  const paths = cutPaths(document);
  correct(paths);
  const webhooks = cutWebhooks(document);
  const components: Record<string, JsonObject> = {};
  const pending = new Set<string>();
  collectReferences(paths, pending);
  collectReferences(webhooks, pending);
  // A Set's iterator also visits what is added during the walk, so this reaches every definition.
  for (const reference of pending) {
    const [, kind = "", name = ""] = reference.replace("#/", "").split("/");
    const definition = stripProse(lookUp(document, reference), false);
    components[kind] = { ...components[kind], [name]: definition };
    collectReferences(definition, pending);
  }
  return {
    openapi: document["openapi"] ?? "",
    info: {
      title: "A part of GitHub's REST API and webhooks, cut by cut-openapi.ts",
      version: packageVersion,
      "x-cut-from": { package: packageName, version: packageVersion, file: "generated/api.github.com.json" },
    },
    paths,
    "x-webhooks": webhooks,
    components,
  };
}

/** One definition a line, sorted, so that a newer version of the package shows as a readable difference. */
function renderDocument(document: JsonObject): string {
  const sortedKeys = (value: JsonObject): string[] => Object.keys(value).sort();
  const renderMap = (value: JsonObject): string =>
    `{\n${sortedKeys(value)
      .map((key) => `${JSON.stringify(key)}:${JSON.stringify(value[key])}`)
      .join(",\n")}\n}`;
  const parts = Object.entries(document).map(([key, value]) => {
    if (key === "components" && isObject(value)) {
      const kinds = sortedKeys(value).map(
        (kind) => `${JSON.stringify(kind)}:${renderMap(requireObject(value[kind], kind))}`,
      );
      return `"components":{\n${kinds.join(",\n")}\n}`;
    }
    const text =
      (key === "paths" || key === "x-webhooks") && isObject(value) ? renderMap(value) : JSON.stringify(value);
    return `${JSON.stringify(key)}:${text}`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}

function cutPackage(folder: string): void {
  const description = requireObject(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Json, "package");
  const source = readFileSync(join(folder, "generated", "api.github.com.json"), "utf8");
  const document = requireObject(JSON.parse(source) as Json, "document");
  const { name, version } = description;
  if (typeof name !== "string" || typeof version !== "string") throw new Error("the package has no name or version");
  const cut = cutDocument(document, name, version);
  writeFileSync(join(import.meta.dirname, "github-openapi.json"), renderDocument(cut));
}

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node cut-openapi.ts <folder of @octokit/openapi>");
cutPackage(folder);
