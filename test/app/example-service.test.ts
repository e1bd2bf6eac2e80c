import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ExampleService, startExampleService } from "../../src/apps/demo/example-service.ts";
import { fillTemplate } from "../../src/core/guardrails/fill-template.ts";
import { parsePolicy } from "../../src/core/policy/parse-policy.ts";
import { renderVariations } from "../../src/core/rollout/served-value.ts";
import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { readExample } from "../../src/apps/demo/build-world.ts";
import { type FeatBitSimulator, startFeatBitSimulator } from "../../src/simulators/featbit/featbit-simulator.ts";
import { createScrapedSeries } from "../../src/simulators/prometheus/scraped-series.ts";
import { readExamplePolicy } from "../example-policy.ts";
import { waitFor } from "./app-process.ts";

const flagKey = "support_answer_model_route";
const digestOf = (letter: string): string => `mrb1:sha256:${letter.repeat(64)}`;
const folder = mkdtempSync(join(tmpdir(), "routeward-service-"));
const delaysPath = join(folder, "delays.json");

let featbit: FeatBitSimulator;
let service: ExampleService;

/** The flag as Routeward makes it, with Sam on the candidate. */
function createFlag(): string {
  const file = parseRouteFile("a.yaml", { kind: "text", text: readExample("support-answer-full.yaml") });
  if (!file.ok || file.value.record.candidate === null) throw new Error("the example cannot be parsed");
  const environment = featbit.createEnvironment(featbit.createProject({ key: "acme" }).id, { key: "production" });
  const user = featbit.createUser({ name: "Rita", email: "rita@acme.example" });
  const { baseline, candidate } = file.value.record;
  const bundles = {
    flagType: "json",
    baseline: { bundle: baseline, digest: digestOf("a") },
    candidate: { bundle: { ...candidate, timeoutMs: 150 }, digest: digestOf("b") },
  } as const;
  const variations = renderVariations({ binding: "acme", flagKey }, bundles, "internal-canary");
  const idOf = (name: string): string => variations.find((one) => one.name === name)?.id ?? "";
  featbit.createFlag(
    {
      envId: environment.id,
      key: flagKey,
      name: flagKey,
      description: null,
      tags: [],
      variationType: "json",
      variations: variations.map(({ id, name, value }) => ({ id, name, value })),
      isEnabled: true,
      enabledVariationId: idOf("baseline"),
      disabledVariationId: idOf("baseline"),
    },
    user,
  );
  featbit.editFlag(environment.id, flagKey, user, (draft) => {
    draft.targetUsers = [
      { keyIds: ["sam"], variationId: idOf("candidate") },
      { keyIds: ["shay"], variationId: idOf("shadow") },
    ];
  });
  return environment.serverSecret;
}

async function post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${service.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const ask = async (key: string): Promise<Record<string, unknown>> =>
  (await post("/answer", { question: "How?", user: { key }, segment: "priority" })).body;

const readMetrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();

beforeAll(async () => {
  featbit = await startFeatBitSimulator();
  writeFileSync(delaysPath, "{}");
  service = await startExampleService({
    sdkKey: createFlag(),
    streamingUrl: featbit.streamingUrl,
    eventsUrl: featbit.evaluationUrl,
    delaysPath,
    awayAfterMs: 2_000,
  });
});

afterAll(async () => {
  await service.stop();
  await featbit.close().catch(() => {});
  rmSync(folder, { recursive: true, force: true });
});

it("answers over the route that the flag serves", async () => {
  expect(await ask("sam")).toMatchObject({
    variation: "candidate",
    digest: digestOf("b"),
    source: "featbit",
    text: expect.stringContaining("claude-sonnet"),
  });
  expect(await ask("lena")).toMatchObject({ variation: "baseline", text: expect.stringContaining("gpt-4o") });
});

it("at the shadow stage the user gets the baseline's answer, and the candidate answers beside", async () => {
  expect(await ask("shay")).toMatchObject({ variation: "shadow", text: expect.stringContaining("gpt-4o") });
  await waitFor("the candidate's answer", async () => (await readMetrics()).includes("shadow_answers_total 1"));
});

it("keeps to the bundle's timeout and retries, and falls back as it names", async () => {
  writeFileSync(delaysPath, JSON.stringify({ "claude-sonnet-4-5-20250929": 5_000 }));
  expect(await ask("sam")).toMatchObject({ text: expect.stringContaining("Search results") });
  writeFileSync(delaysPath, "{}");
  const metrics = await readMetrics();
  const labels = `{route="${flagKey}",variation="candidate",segment="priority"}`;
  expect(metrics).toContain(`route_fallback_total${labels} 1`);
  expect(metrics).toContain(`route_retries_total${labels} 1`);
});

it("counts the series of every template of the example policy, for both variations, under the labels they read", async () => {
  const ids = [(await ask("sam"))["id"], (await ask("lena"))["id"]];
  const feedback = await post("/feedback", [
    { id: ids[0], accepted: true },
    { id: ids[1], escalated: true, unsafe: true },
    { id: "unknown" },
  ]);
  expect(feedback.status).toBe(200);
  const series = createScrapedSeries();
  series.scrape(await readMetrics(), 0);
  const parsed = parsePolicy({ kind: "text", path: "routeward.yml", text: readExamplePolicy() }, { kind: "absent" });
  if (!parsed.ok) throw new Error("the example policy cannot be parsed");
  const templates = Object.values(parsed.value.metrics);
  expect(templates.length).toBeGreaterThan(5);
  const values = new Map<string, number | null>();
  for (const template of templates) {
    for (const variation of ["baseline", "candidate"]) {
      const parameters = template.name === "escalation-rate" ? { segment: "priority" } : {};
      const fill = { route: flagKey, variation, windowMs: 3_600_000, parameters };
      const filled = fillTemplate(template, fill, { path: "", line: 1, column: 1 });
      if (!filled.ok) throw new Error(`template ${template.name} cannot be filled`);
      for (const [part, query] of Object.entries(filled.value))
        if (query !== null) values.set(`${template.name} ${part} ${variation}`, series.answer(query, 0));
    }
  }
  expect([...values].filter(([, value]) => value === null)).toEqual([]);
  expect(Object.fromEntries(values)).toMatchObject({
    "fallback-rate numerator candidate": 1,
    "fallback-rate numerator baseline": 0,
    "escalation-rate numerator baseline": 1,
    "escalation-rate numerator candidate": 0,
    "cost-per-resolved denominator candidate": 1,
    "unsafe-reports value baseline": 1,
  });
});

it("sends the exposure and the outcomes of every call that ran to Track Insights", async () => {
  const count = (text: string): number => JSON.stringify(featbit.insights).split(text).length - 1;
  await waitFor("the insights", () => count('"featureFlagKey"') === 6);
  expect(count('"route_duration_seconds"')).toBe(6);
  expect(count('"route_accepted"')).toBe(2);
  for (const name of ["route_cost_usd", "route_fallback", "route_retries"])
    expect(count(`"${name}"`)).toBeGreaterThan(0);
  expect(featbit.violations).toEqual([]);
});

it("refuses what is no question", async () => {
  expect((await post("/answer", { question: 1 })).status).toBe(400);
  expect((await post("/feedback", {})).status).toBe(400);
  expect((await post("/other", {})).status).toBe(404);
});

it("serves the baseline that it brought along when FeatBit goes away, and stops cleanly", async () => {
  expect(await ask("sam")).toMatchObject({ variation: "candidate", source: "featbit" });
  await featbit.close();
  await waitFor("the baseline", async () => (await ask("sam"))["source"] === "fallback");
  expect(await ask("sam")).toMatchObject({ variation: "baseline", digest: null, text: expect.stringContaining("gpt") });
  expect(await service.stop()).toBe(0);
});
