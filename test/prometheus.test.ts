import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPrometheusMetrics } from "../src/adapters/metrics/create-prometheus-metrics.ts";
import type { Measurement } from "../src/core/facts.ts";
import { parsePolicy } from "../src/core/policy/parse-policy.ts";
import { latchKind, keyOfFlag, watchKind } from "../src/flows/records.ts";
import { readExamplePolicy } from "./example-policy.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";

const second = 1_000;
/** Looks on a busy machine are seconds apart, and only looks that follow each other within one and a half intervals count. */
const everyMs = 5 * second;
const flagKey = "support_prometheus";

function hasPrometheus(): boolean {
  try {
    execFileSync("prometheus", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// CI must not pass without having judged the real thing; elsewhere the package may be missing, and the report shows it as skipped.
const isPossible = hasPrometheus() || process.env["CI"] === "true";

/** What the route's application has counted so far, in the series that the example policy's templates read. */
class Exporter {
  requests = 0;
  unsafe = 0;
  slow = false;
  isDown = false;

  render(): string {
    const lines: string[] = [];
    const one = (name: string, variation: string, value: number, more = ""): void =>
      void lines.push(`${name}{route="${flagKey}",variation="${variation}"${more}} ${value}`);
    for (const variation of ["baseline", "candidate"]) {
      // A canary of 5 % sees a twentieth of the traffic, at most.
      const n = variation === "baseline" ? this.requests * 20 : this.requests;
      const isBad = this.slow && variation === "candidate";
      one("route_rubric_score_sum", variation, n * 0.91);
      one("route_rubric_score_count", variation, n);
      for (const [limit, share] of [
        ["1", 0.5],
        ["2", isBad ? 0.5 : 0.99],
        ["4", isBad ? 0.6 : 1],
        ["+Inf", 1],
      ] as const)
        one("route_duration_seconds_bucket", variation, n * share, `,le="${limit}"`);
      one("route_duration_seconds_count", variation, n);
      one("route_cost_usd_total", variation, n * 0.02);
      one("conversation_resolved_total", variation, n * 0.7);
      one("route_fallback_total", variation, n * 0.005);
      one("route_requests_total", variation, n);
      one("conversation_escalated_total", variation, n * 0.06, ',segment="priority"');
      one("conversation_total", variation, n, ',segment="priority"');
      one("unsafe_output_reports_total", variation, variation === "candidate" ? this.unsafe : 0);
    }
    return `${lines.join("\n")}\n`;
  }
}

const exporter = new Exporter();
const folder = mkdtempSync(join(tmpdir(), "routeward-prometheus-"));
let target: Server;
let prometheus: ChildProcess | undefined;
let world: RolloutWorld;
let traffic: NodeJS.Timeout;
let url = "";

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createTcpServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

async function waitFor(what: string, holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${withinMs} ms`);
    await sleep(200);
  }
}

describe.runIf(isPossible)("against a real Prometheus", () => {
  beforeAll(async () => {
    target = createServer((_request, response) => {
      if (exporter.isDown) response.destroy();
      else response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(exporter.render());
    });
    await new Promise<void>((resolve) => void target.listen(0, "127.0.0.1", resolve));
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}`;
    writeFileSync(
      join(folder, "prometheus.yml"),
      JSON.stringify({
        global: { scrape_interval: "500ms", scrape_timeout: "500ms" },
        scrape_configs: [
          {
            job_name: "route",
            static_configs: [{ targets: [`127.0.0.1:${(target.address() as AddressInfo).port}`] }],
          },
        ],
      }),
    );
    prometheus = spawn(
      "prometheus",
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      { stdio: "ignore" },
    );
    traffic = setInterval(() => {
      exporter.requests += 200;
    }, 100);
    await waitFor("Prometheus is ready", async () => (await fetch(`${url}/-/ready`)).ok);
    // Ready is not yet scraped: a question about the route's series would get nothing in the first moments.
    await waitFor("the exporter was scraped", async () => {
      const answer = await fetch(`${url}/api/v1/query?query=count(route_requests_total)`);
      return (await answer.text()).includes('"value":[');
    });
    world = await openRolloutWorld({ metrics: createPrometheusMetrics({ baseUrl: url }) });
    // Without the freeze window, since this test runs on whatever day it is.
    world.github.files.set(".github/routeward.yml", readExamplePolicy().replace(/freeze:\n.*\n/, ""));
    const short = (text: string): string =>
      text
        .replaceAll(/window: \w+/g, "window: 10s")
        .replace("soak: 48h", "soak: 2s")
        .replaceAll(/minSamples: \d+/g, "minSamples: 20");
    await world.approve(flagKey, "approved-for-customer-canary", short);
    await world.advance(flagKey);
  });
  afterAll(async () => {
    clearInterval(traffic);
    await world.close();
    prometheus?.kill("SIGTERM");
    await new Promise((resolve) => (prometheus === undefined ? resolve(null) : prometheus.once("exit", resolve)));
    await new Promise((resolve) => void target.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  const entry = async () => {
    await world.look(everyMs);
    const watch = await world.opened.store.getRecord(watchKind, bindingName);
    return watch?.value.flags[0];
  };

  it("every template of the example policy is valid PromQL", async () => {
    const policy = parsePolicy({ kind: "text", path: "routeward.yml", text: readExamplePolicy() }, { kind: "absent" });
    const queries = Object.values(policy.ok ? policy.value.metrics : {}).flatMap(
      ({ value, numerator, denominator, samples }) =>
        [value, numerator, denominator, samples].filter((query) => query !== null),
    );
    expect(queries.length).toBeGreaterThan(8);
    for (const query of queries) {
      const filled = query
        .replaceAll("$route", "r")
        .replaceAll("$variation", "v")
        .replaceAll("$window", "1m")
        .replaceAll("$segment", ".*");
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(filled)}`);
      expect([query, answer.status]).toEqual([query, 200]);
    }
  });

  it.each<[string, string, Measurement["outcome"]["kind"]]>([
    ["a number", "vector(1)", "value"],
    ["a scalar", "1", "value"],
    ["nothing", "no_such_series", "no-data"],
    ["0/0", "vector(0)/vector(0)", "unusable"],
    ["infinity", "vector(1)/vector(0)", "unusable"],
    ["several series", "route_requests_total", "unusable"],
    ["a mistake", "sum(", "error"],
    ["a range", "route_requests_total[1m]", "unusable"],
  ])("reads %s as what it is", async (_name, value, kind) => {
    const query = {
      guardrail: "g",
      variation: "candidate" as const,
      value,
      numerator: null,
      denominator: null,
      samples: null,
    };
    const [measurement] = await createPrometheusMetrics({ baseUrl: url }).measure([query], new Date().toISOString());
    expect(measurement?.outcome.kind).toBe(kind);
  });

  it("counts a green step, goes on by itself, holds while the exporter is away, and rolls back on a breach", async () => {
    await waitFor("the guardrails pass", async () => (await entry())?.clock === "running");
    await waitFor("the step has soaked", async () => ((await entry())?.soakedMs ?? 0) >= 2 * second);
    await world.advance(flagKey);
    expect(JSON.stringify(world.flag(flagKey).rules)).toContain("low-risk-accounts, 10 %");

    exporter.isDown = true;
    await waitFor("the clock stands", async () => (await entry())?.readings === "open");
    exporter.isDown = false;
    await waitFor("the clock runs again", async () => (await entry())?.clock === "running");

    exporter.unsafe = 3;
    const key = keyOfFlag(bindingName, flagKey);
    const hasLatch = async () => {
      await world.look(everyMs);
      return (await world.opened.store.getRecord(latchKind, key)) !== undefined;
    };
    await waitFor("the breach acts", hasLatch);
    expect((await world.opened.store.getRecord(latchKind, key))?.value).toMatchObject({ cause: "breach" });
    expect((await world.advance(flagKey)).state).toBe("off");
  }, 180_000);
});
