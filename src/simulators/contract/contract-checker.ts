import { Ajv2020, type Options, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { findUnknownKeys } from "./find-unknown-keys.ts";
import { matchPath, parsePathTemplate, type PathMatch, type PathTemplate } from "./match-path.ts";
import { documentId, isObject, rewriteOpenapi, type JsonObject } from "./rewrite-openapi.ts";

/** What was asked. `path` has no query string and no base prefix such as `/api/v3`; `body` is undefined when none was sent. */
export interface CheckedRequest {
  method: string;
  path: string;
  query?: URLSearchParams;
  body: unknown;
}

/** What was answered. `body` is undefined when it was empty. */
export interface CheckedResponse {
  method: string;
  path: string;
  status: number;
  body: unknown;
}

/**
 * Says how messages differ from an OpenAPI document. Every method answers sentences; an empty list means conforming.
 * An operation or webhook that the document does not have, and a status it does not name, are differences too.
 */
export interface ContractChecker {
  checkRequest(request: CheckedRequest): string[];
  checkResponse(response: CheckedResponse): string[];
  /** `name` as the document writes it (`pull-request-opened`); `pull_request.opened` finds the same entry. */
  checkWebhook(name: string, payload: unknown): string[];
}

export interface ContractOptions {
  /** Refuse body members and query parameters that the document does not name. */
  strictRequests: boolean;
}

interface Operation {
  label: string;
  operation: JsonObject;
  parameters: JsonObject[];
  match: PathMatch;
}

const maximumErrors = 12;

function createAjv(options: Options, document: JsonObject): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    validateSchema: false,
    logger: false,
    allowUnionTypes: true,
    ...options,
  });
  addFormats.default(ajv);
  ajv.addSchema(document, documentId);
  return ajv;
}

function pickDocumentedResponse(responses: JsonObject, status: number): unknown {
  return responses[String(status)] ?? responses[`${Math.floor(status / 100)}XX`] ?? responses["default"];
}

/** The schemas of all JSON media types of a `content` map; `hasJson` is false when there is none. */
function pickJsonSchemas(content: unknown): { hasJson: boolean; schemas: unknown[] } {
  if (!isObject(content)) return { hasJson: false, schemas: [] };
  const media = Object.entries(content).flatMap(([type, value]) =>
    /\bjson\b/i.test(type) && isObject(value) ? [value] : [],
  );
  return { hasJson: media.length > 0, schemas: media.flatMap((m) => (m["schema"] === undefined ? [] : [m["schema"]])) };
}

/**
 * Builds a checker for an OpenAPI 3.0.3 or 3.1 document. Schemas are compiled when they are first needed, so a large
 * document costs little.
 *
 * Two extensions are read: `x-multi-segment: true` on a path parameter (GitHub's own) lets it hold slashes;
 * `x-may-be-empty: true` on a response allows an empty body beside its content.
 */
export function createContractChecker(source: object, options: ContractOptions): ContractChecker {
  const document = rewriteOpenapi(source);
  const ajv = createAjv({}, document);
  // Path and query values arrive as text; only there "5" may stand for 5.
  const coercing = createAjv({ coerceTypes: "array" }, document);
  const compiled = new Map<Ajv2020, WeakMap<object, ValidateFunction>>([
    [ajv, new WeakMap()],
    [coercing, new WeakMap()],
  ]);

  const resolve = (reference: string): unknown => {
    if (!reference.startsWith(`${documentId}#/`)) throw new Error(`contract: cannot follow ${reference}`);
    let node: unknown = document;
    for (const token of reference.slice(documentId.length + 2).split("/")) {
      const key = decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~");
      node = isObject(node) ? node[key] : Array.isArray(node) ? (node as unknown[])[Number(key)] : undefined;
    }
    if (node === undefined) throw new Error(`contract: nothing at ${reference}`);
    return node;
  };

  const follow = (node: unknown): JsonObject => {
    let current = node;
    while (isObject(current) && typeof current["$ref"] === "string") current = resolve(current["$ref"]);
    return isObject(current) ? current : {};
  };

  const validate = (schema: unknown, value: unknown, where: string, engine: Ajv2020 = ajv): string[] => {
    if (!isObject(schema)) return schema === false ? [`${where}: nothing is allowed here`] : [];
    const cache = compiled.get(engine);
    let validator = cache?.get(schema);
    if (validator === undefined) {
      validator = engine.compile(schema);
      cache?.set(schema, validator);
    }
    if (validator(value)) return [];
    const errors = validator.errors ?? [];
    return errors.slice(0, maximumErrors).map((error) => {
      const extra = error.keyword === "additionalProperties" ? ` (${String(error.params["additionalProperty"])})` : "";
      const allowed = error.keyword === "enum" ? ` ${JSON.stringify(error.params["allowedValues"])}` : "";
      return `${where}${error.instancePath}: ${error.message ?? error.keyword}${extra}${allowed}`;
    });
  };

  const collectParameters = (item: JsonObject, operation: JsonObject): JsonObject[] => {
    const byName = new Map<string, JsonObject>();
    for (const list of [item["parameters"], operation["parameters"]]) {
      if (!Array.isArray(list)) continue;
      for (const entry of list as unknown[]) {
        const parameter = follow(entry);
        byName.set(`${String(parameter["in"])} ${String(parameter["name"])}`, parameter);
      }
    }
    return [...byName.values()];
  };

  const methods = ["get", "put", "post", "delete", "patch", "head", "options"];
  const templates: PathTemplate[] = Object.entries(follow(document["paths"]))
    .map(([template, entry]) => {
      const item = follow(entry);
      const multiSegment = new Set(
        methods
          .flatMap((method) => collectParameters(item, follow(item[method])))
          .filter((parameter) => parameter["x-multi-segment"] === true)
          .map((parameter) => String(parameter["name"])),
      );
      return parsePathTemplate(template, item, multiSegment);
    })
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.template < b.template ? -1 : 1));

  const templatesByMethod = new Map(
    methods.map((method) => [method, templates.filter((template) => isObject(template.item[method]))]),
  );

  const findOperation = (method: string, path: string): Operation | string => {
    const name = method.toLowerCase();
    const match = matchPath(path, templatesByMethod.get(name) ?? []);
    if (match === undefined) return `${method} ${path}: the document has no such operation`;
    const operation = follow(match.template.item[name]);
    const parameters = collectParameters(match.template.item, operation);
    return { label: `${method} ${match.template.template}`, operation, parameters, match };
  };

  const checkParameter = (found: Operation, parameter: JsonObject, values: string[]): string[] => {
    const name = String(parameter["name"]);
    const where = `${found.label} ${String(parameter["in"])} parameter ${name}`;
    if (values.length === 0) return parameter["required"] === true ? [`${where}: is required`] : [];
    const value = values.length === 1 ? values[0] : values;
    if (parameter["schema"] === undefined) return [];
    // Wrapped in an object, because coercion needs a parent to write into.
    return validate(wrapSchema(parameter), { value }, where, coercing).map((line) => line.replace("/value", ""));
  };

  const wrapped = new WeakMap<JsonObject, JsonObject>();
  const wrapSchema = (parameter: JsonObject): JsonObject => {
    let wrapper = wrapped.get(parameter);
    if (wrapper === undefined) {
      wrapper = { type: "object", properties: { value: parameter["schema"] } };
      wrapped.set(parameter, wrapper);
    }
    return wrapper;
  };

  const checkQuery = (found: Operation, query: URLSearchParams): string[] => {
    const documented = found.parameters.filter((parameter) => parameter["in"] === "query");
    const names = new Set(documented.map((parameter) => String(parameter["name"])));
    const unknown = options.strictRequests ? [...new Set(query.keys())].filter((key) => !names.has(key)) : [];
    return [
      ...unknown.map((key) => `${found.label}: query parameter ${key} is not documented`),
      ...documented.flatMap((parameter) => checkParameter(found, parameter, query.getAll(String(parameter["name"])))),
    ];
  };

  const checkBody = (found: Operation, body: unknown): string[] => {
    const requestBody = found.operation["requestBody"];
    if (requestBody === undefined) {
      const isBare = body === undefined || (isObject(body) && Object.keys(body).length === 0);
      return isBare || !options.strictRequests ? [] : [`${found.label}: no request body is documented`];
    }
    const documented = follow(requestBody);
    if (body === undefined) {
      return documented["required"] === true ? [`${found.label}: the request body is required`] : [];
    }
    const { schemas } = pickJsonSchemas(documented["content"]);
    const where = `${found.label} request body`;
    const differences = checkAgainstAny(schemas, body, where);
    if (!options.strictRequests) return differences;
    const unknown = findUnknownKeys(body, schemas, resolve);
    return [...differences, ...unknown.map((path) => `${where}${path}: is not documented`)];
  };

  const checkAgainstAny = (schemas: readonly unknown[], value: unknown, where: string): string[] => {
    let first: string[] | undefined;
    for (const schema of schemas) {
      const differences = validate(schema, value, where);
      if (differences.length === 0) return [];
      first ??= differences;
    }
    return first ?? [];
  };

  const webhooks = new Map(
    [document["webhooks"], document["x-webhooks"]].flatMap((entries) =>
      isObject(entries) ? Object.entries(entries).map(([name, item]) => [name, item] as const) : [],
    ),
  );

  return {
    checkRequest(request) {
      const found = findOperation(request.method, request.path);
      if (typeof found === "string") return [found];
      const inPath = found.parameters.filter((parameter) => parameter["in"] === "path");
      return [
        ...inPath.flatMap((parameter) => {
          const value = found.match.values.get(String(parameter["name"]));
          return checkParameter(found, parameter, value === undefined ? [] : [value]);
        }),
        ...checkQuery(found, request.query ?? new URLSearchParams()),
        ...checkBody(found, request.body),
      ];
    },
    checkResponse(response) {
      const found = findOperation(response.method, response.path);
      if (typeof found === "string") return [found];
      const documented = pickDocumentedResponse(follow(found.operation["responses"]), response.status);
      const where = `${found.label} response ${response.status}`;
      if (documented === undefined) return [`${where}: the status is not documented`];
      const description = follow(documented);
      const { hasJson, schemas } = pickJsonSchemas(description["content"]);
      if (response.body === undefined || response.body === "") {
        const mayBeEmpty = description["x-may-be-empty"] === true;
        return hasJson && !mayBeEmpty ? [`${where}: the body is empty`] : [];
      }
      if (description["content"] === undefined) return [`${where}: no body is documented`];
      return checkAgainstAny(schemas, response.body, where);
    },
    checkWebhook(name, payload) {
      const item = webhooks.get(name) ?? webhooks.get(name.replaceAll(/[_.]/g, "-"));
      if (item === undefined) return [`webhook ${name}: the document has no such webhook`];
      const { schemas } = pickJsonSchemas(follow(follow(follow(item)["post"])["requestBody"])["content"]);
      return checkAgainstAny(schemas, payload, `webhook ${name}`);
    },
  };
}
