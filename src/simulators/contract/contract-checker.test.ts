import { describe, expect, it } from "vitest";
import { createContractChecker, type ContractChecker } from "./contract-checker.ts";

const parameter = (name: string, where: string, schema: object, extra: object = {}) => ({
  name,
  in: where,
  required: where === "path",
  schema,
  ...extra,
});

const json = (schema: object) => ({ "application/json": { schema } });

function buildDocument(openapi: string): object {
  const nullableText = openapi.startsWith("3.0") ? { type: "string", nullable: true } : { type: ["string", "null"] };
  return {
    openapi,
    paths: {
      "/repos/{owner}/{repo}": {
        parameters: [parameter("owner", "path", { type: "string" }), parameter("repo", "path", { type: "string" })],
        get: {
          parameters: [
            parameter("per_page", "query", { type: "integer", maximum: 100 }),
            parameter("tags", "query", { type: "array", items: { type: "string" } }),
          ],
          responses: {
            "200": { content: json({ $ref: "#/components/schemas/repository" }) },
            "304": { description: "not modified" },
            "4XX": { $ref: "#/components/responses/error" },
          },
        },
        patch: {
          requestBody: { required: true, content: json({ $ref: "#/components/schemas/change" }) },
          responses: { "200": { content: json({ $ref: "#/components/schemas/repository" }) } },
        },
      },
      "/repos/{owner}/search": { get: { responses: { "204": { description: "nothing" } } } },
      "/repos/{owner}/{repo}/contents/{path}": {
        get: {
          parameters: [parameter("path", "path", { type: "string" }, { "x-multi-segment": true })],
          responses: { "204": { description: "nothing" } },
        },
      },
      "/repos/{owner}/{repo}/compare/{base}...{head}": { get: { responses: { "204": { description: "nothing" } } } },
      "/flags/{id}/{enabled}": {
        put: {
          parameters: [
            parameter("id", "path", { type: "string", format: "uuid" }),
            parameter("enabled", "path", { type: "boolean" }),
          ],
          requestBody: { content: json({ type: "object", properties: { comment: { type: "string" } } }) },
          responses: { "403": { content: json({ type: "object" }), "x-may-be-empty": true } },
        },
      },
    },
    [openapi.startsWith("3.0") ? "x-webhooks" : "webhooks"]: {
      "pull-request-opened": { post: { requestBody: { content: json({ $ref: "#/components/schemas/opened" }) } } },
    },
    components: {
      responses: { error: { content: json({ type: "object", required: ["message"] }) } },
      schemas: {
        repository: {
          type: "object",
          required: ["id", "description", "parent"],
          properties: {
            id: { type: "integer" },
            description: nullableText,
            parent: openapi.startsWith("3.0")
              ? { nullable: true, allOf: [{ $ref: "#/components/schemas/owner" }] }
              : { anyOf: [{ type: "null" }, { $ref: "#/components/schemas/owner" }] },
          },
        },
        owner: { type: "object", required: ["login"], properties: { login: { type: "string" } } },
        opened: { type: "object", required: ["action"], properties: { action: { type: "string", enum: ["opened"] } } },
        change: {
          allOf: [
            { type: "object", properties: { name: { type: "string" } } },
            {
              oneOf: [
                { required: ["open"], properties: { open: { type: "boolean" } }, additionalProperties: true },
                { required: ["closed"], properties: { closed: { type: "boolean" } }, additionalProperties: true },
              ],
            },
          ],
          properties: {
            owners: { type: "array", items: { $ref: "#/components/schemas/owner" } },
            payload: { type: "object", additionalProperties: true },
          },
        },
      },
    },
  };
}

const good = { id: 1, description: null, parent: null };

type Row = [name: string, check: (checker: ContractChecker) => string[], expected: string[]];

const rows: Row[] = [
  [
    "a documented answer conforms",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 200, body: good }),
    [],
  ],
  [
    "a filled nullable reference conforms",
    (c) =>
      c.checkResponse({ method: "GET", path: "/repos/o/r", status: 200, body: { ...good, parent: { login: "x" } } }),
    [],
  ],
  [
    "a nullable reference is still checked when it is not null",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 200, body: { ...good, description: 5 } }),
    ["GET /repos/{owner}/{repo} response 200/description: must be string,null"],
  ],
  [
    "a missing member is named",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 200, body: { id: 1, parent: null } }),
    ["GET /repos/{owner}/{repo} response 200: must have required property 'description'"],
  ],
  [
    "a range of statuses counts as documented",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 404, body: { message: "no" } }),
    [],
  ],
  [
    "an unknown status is a difference",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 201, body: good }),
    ["GET /repos/{owner}/{repo} response 201: the status is not documented"],
  ],
  [
    "an empty answer where content is documented is a difference",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 200, body: undefined }),
    ["GET /repos/{owner}/{repo} response 200: the body is empty"],
  ],
  [
    "an empty answer is allowed where the document says so",
    (c) => c.checkResponse({ method: "PUT", path: "/flags/x/true", status: 403, body: undefined }),
    [],
  ],
  [
    "an answer without content is empty",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 304, body: undefined }),
    [],
  ],
  [
    "a body where none is documented is a difference",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/r", status: 304, body: {} }),
    ["GET /repos/{owner}/{repo} response 304: no body is documented"],
  ],
  [
    "a literal segment beats a parameter",
    (c) => c.checkResponse({ method: "GET", path: "/repos/o/search", status: 200, body: good }),
    ["GET /repos/{owner}/search response 200: the status is not documented"],
  ],
  [
    "a method of the general path is found behind a literal one",
    (c) => c.checkRequest({ method: "PATCH", path: "/repos/o/search", body: { open: true } }),
    [],
  ],
  [
    "a path parameter marked so holds slashes",
    (c) => c.checkRequest({ method: "GET", path: "/repos/o/r/contents/a/b.yaml", body: undefined }),
    [],
  ],
  [
    "two parameters may share a segment",
    (c) => c.checkRequest({ method: "GET", path: "/repos/o/r/compare/main...x", body: undefined }),
    [],
  ],
  [
    "an unknown path is a difference",
    (c) => c.checkRequest({ method: "GET", path: "/nowhere", body: undefined }),
    ["GET /nowhere: the document has no such operation"],
  ],
  [
    "an unknown method is a difference",
    (c) => c.checkRequest({ method: "DELETE", path: "/repos/o/r", body: undefined }),
    ["DELETE /repos/o/r: the document has no such operation"],
  ],
  [
    "query values are read as their types",
    (c) =>
      c.checkRequest({
        method: "GET",
        path: "/repos/o/r",
        query: new URLSearchParams("per_page=50&tags=a&tags=b"),
        body: undefined,
      }),
    [],
  ],
  [
    "one value stands for a list of one",
    (c) => c.checkRequest({ method: "GET", path: "/repos/o/r", query: new URLSearchParams("tags=a"), body: undefined }),
    [],
  ],
  [
    "a query value out of bounds is a difference",
    (c) =>
      c.checkRequest({
        method: "GET",
        path: "/repos/o/r",
        query: new URLSearchParams("per_page=101"),
        body: undefined,
      }),
    ["GET /repos/{owner}/{repo} query parameter per_page: must be <= 100"],
  ],
  [
    "an undocumented query parameter is a difference",
    (c) =>
      c.checkRequest({ method: "GET", path: "/repos/o/r", query: new URLSearchParams("perPage=5"), body: undefined }),
    ["GET /repos/{owner}/{repo}: query parameter perPage is not documented"],
  ],
  [
    "path values are checked by format and type",
    (c) => c.checkRequest({ method: "PUT", path: "/flags/7/maybe", body: undefined }),
    [
      'PUT /flags/{id}/{enabled} path parameter id: must match format "uuid"',
      "PUT /flags/{id}/{enabled} path parameter enabled: must be boolean",
    ],
  ],
  [
    "an optional body may be left out",
    (c) =>
      c.checkRequest({ method: "PUT", path: "/flags/5b7f7a5e-8a7f-4a43-9a5e-0e6c1e0a7c11/false", body: undefined }),
    [],
  ],
  [
    "a required body may not be left out",
    (c) => c.checkRequest({ method: "PATCH", path: "/repos/o/r", body: undefined }),
    ["PATCH /repos/{owner}/{repo}: the request body is required"],
  ],
  [
    "a body is known through allOf, oneOf and references",
    (c) =>
      c.checkRequest({
        method: "PATCH",
        path: "/repos/o/r",
        body: { name: "n", open: true, owners: [{ login: "x" }] },
      }),
    [],
  ],
  [
    "a free-form object takes any key",
    (c) =>
      c.checkRequest({ method: "PATCH", path: "/repos/o/r", body: { open: true, payload: { anything: { goes: 1 } } } }),
    [],
  ],
  [
    "a misspelt key is a difference even where branches allow more",
    (c) => c.checkRequest({ method: "PATCH", path: "/repos/o/r", body: { open: true, nmae: "n" } }),
    ["PATCH /repos/{owner}/{repo} request body/nmae: is not documented"],
  ],
  [
    "a misspelt key inside a list is a difference",
    (c) =>
      c.checkRequest({ method: "PATCH", path: "/repos/o/r", body: { open: true, owners: [{ login: "x", id: 5 }] } }),
    ["PATCH /repos/{owner}/{repo} request body/owners/0/id: is not documented"],
  ],
  [
    "a body where none is documented is refused",
    (c) => c.checkRequest({ method: "GET", path: "/repos/o/r", body: { a: 1 } }),
    ["GET /repos/{owner}/{repo}: no request body is documented"],
  ],
  ["a documented webhook conforms", (c) => c.checkWebhook("pull-request-opened", { action: "opened" }), []],
  ["a webhook is found by event and action", (c) => c.checkWebhook("pull_request.opened", { action: "opened" }), []],
  [
    "a wrong webhook is a difference",
    (c) => c.checkWebhook("pull-request-opened", { action: "closed" }),
    ['webhook pull-request-opened/action: must be equal to one of the allowed values ["opened"]'],
  ],
  [
    "an unknown webhook is a difference",
    (c) => c.checkWebhook("star", {}),
    ["webhook star: the document has no such webhook"],
  ],
];

describe.each(["3.0.3", "3.1.0"])("OpenAPI %s", (version) => {
  const checker = createContractChecker(buildDocument(version), { strictRequests: true });

  it.each(rows)("%s", (_name, check, expected) => {
    expect(check(checker)).toEqual(expected);
  });

  it("unknown keys and parameters pass when requests are not strict", () => {
    const lenient = createContractChecker(buildDocument(version), { strictRequests: false });
    const query = new URLSearchParams("perPage=5");
    expect(lenient.checkRequest({ method: "GET", path: "/repos/o/r", query, body: undefined })).toEqual([]);
    expect(lenient.checkRequest({ method: "PATCH", path: "/repos/o/r", body: { open: true, nmae: 1 } })).toEqual([]);
  });
});

describe("OpenAPI 3.0 only", () => {
  const check = (schema: object, body: unknown) =>
    createContractChecker(
      { openapi: "3.0.3", paths: { "/x": { get: { responses: { "200": { content: json(schema) } } } } } },
      { strictRequests: true },
    ).checkResponse({ method: "GET", path: "/x", status: 200, body });

  it.each([
    ["a nullable list of values takes null", { type: "string", nullable: true, enum: ["a"] }, null, 0],
    [
      "an exclusive bound as a boolean keeps its bound out",
      { type: "number", minimum: 3, exclusiveMinimum: true },
      3,
      1,
    ],
    [
      "an inclusive bound written as a boolean keeps its bound in",
      { type: "number", minimum: 3, exclusiveMinimum: false },
      3,
      0,
    ],
    ["a schema that is not nullable refuses null", { type: "string" }, null, 1],
  ])("%s", (_name, schema, body, count) => {
    expect(check(schema, body)).toHaveLength(count);
  });
});
