import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parsePolicy } from "../../core/policy/parse-policy.ts";
import { parseRouteFile } from "../../core/routes/parse-route-file.ts";
import { renderSchemaFiles } from "./schema-files.ts";

const files = renderSchemaFiles();

it.each(Object.entries(files))("%s is current; else run: node src/apps/docs/write-schemas.ts", (path, text) => {
  expect(readFileSync(path, "utf8")).toBe(text);
});

function validatorOf(name: string): (value: unknown) => boolean {
  const schema: unknown = JSON.parse(files[`docs/schema/${name}.schema.json`] ?? "null");
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema as object);
  return (value) => validate(value);
}

function read(path: string): unknown {
  return parse(readFileSync(path, "utf8"));
}

const isRoute = validatorOf("route");
const isPolicy = validatorOf("policy");
const isEvidence = validatorOf("evidence");

describe("a JSON Schema validator agrees with the parser", () => {
  it.each(["support-answer.yaml", "support-answer-full.yaml"])("%s is a route file", (name) => {
    expect(isRoute(read(`docs/examples/${name}`))).toBe(true);
  });

  it("routeward.yml is a policy", () => {
    expect(isPolicy(read("docs/examples/routeward.yml"))).toBe(true);
  });

  it.each(readdirSync("test/fixtures/evidence/native"))("%s is an evidence record", (name) => {
    expect(isEvidence(read(`test/fixtures/evidence/native/${name}`))).toBe(true);
  });

  it.each<[string, string, string]>([
    ["an unknown key", "    promptVersion", "    promtVersion"],
    ["a key of one's own inside a bundle", "    provider: openai", "    x-note: 1\n    provider: openai"],
    ["a status that does not exist", "approved-for-internal-canary", "approved"],
    ["text as timeout", "timeoutMs: 8000", "timeoutMs: fast"],
    ["a flag key with a space", "support_answer_model_route", "support answer"],
    ["a step above 100", "[5, 10, 25]", "[5, 10, 250]"],
    ["a duration without unit", "window: 24h", "window: 24"],
    ["an unknown fallback field", "fallback: baseline-search", "fallback: [{ modl: x }]"],
  ])("both refuse %s", (_name, from, to) => {
    const full = readFileSync("docs/examples/support-answer-full.yaml", "utf8");
    const text = full.replace(from, to);
    expect(text).not.toBe(full);
    expect(isRoute(parse(text))).toBe(false);
    expect(parseRouteFile("r.yaml", { kind: "text", text }).ok).toBe(false);
  });

  it.each<[string, string]>([
    ["an unknown key", "audience: {}"],
    ["a wrong mode", "mode: observe"],
    ["a wrong category", "guardrails: [speed]"],
    ["a stage that does not exist", "stages: { canary: {} }"],
  ])("both refuse a policy with %s", (_name, text) => {
    expect(isPolicy(parse(text))).toBe(false);
    expect(parsePolicy({ kind: "text", path: "p", text }, { kind: "absent" }).ok).toBe(false);
  });
});
