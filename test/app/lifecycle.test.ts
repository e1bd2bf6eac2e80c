import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppProcess, startApp, waitFor } from "./app-process.ts";
import { findStep, flagKey, openStoryWorld, storyThrough, type StoryWorld } from "./story-world.ts";

let world: StoryWorld;
let app: AppProcess;
/** What SPEC 4 asks for, the secrets that the operator's file names, and nothing else. */
let env: Record<string, string>;
beforeAll(async () => {
  world = await openStoryWorld();
  env = { ...world.world.env };
  app = startApp(env);
  await app.ready;
});
afterAll(async () => {
  await app.kill();
  await world.close();
});

async function read(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${world.url}${path}`);
  return { status: response.status, text: await response.text() };
}

describe("the app as a process", () => {
  it("needs exactly the documented variables and tells how it is", async () => {
    const documented = "APP_ID PRIVATE_KEY WEBHOOK_SECRET GHE_HOST GHE_PROTOCOL ROUTEWARD_CONFIG DATA_DIR PORT";
    const named = ["FEATBIT_ACCESS_TOKEN", "FEATBIT_SDK_KEY"];
    expect(Object.keys(env).toSorted()).toEqual([...documented.split(" "), ...named].toSorted());
    expect(await read("/health")).toEqual({ status: 200, text: '{"status":"ok"}\n' });
    expect(await read("/ready")).toEqual({ status: 200, text: '{"status":"ready"}\n' });
  });

  it("names no repository, flag or person in its metrics, at GitHub's own pace too", async () => {
    for (const step of storyThrough("merges #1")) {
      step.act(world);
      await world.settle();
    }
    const { status, text } = await read("/metrics");
    expect(status).toBe(200);
    expect(text).toContain('routeward_jobs{queue="flag",state="running"} 0');
    for (const name of ["acme", "support", flagKey, "dana", "petra"]) expect(text).not.toContain(name);
    expect(world.world.featbit.findFlag(world.world.environment.id, flagKey)).toBeDefined();
  }, 90_000);

  it("refuses a second process on the same data, and says whose it is", async () => {
    const second = await startApp({ ...env, PORT: "0" }).ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("another process uses the data directory");
    expect(second.stderr).not.toContain("    at ");
    expect((await read("/ready")).status).toBe(200);
  });

  it("ends within a second of its last work although the FeatBit SDK keeps timers", async () => {
    const { code, stdout, stderr, elapsedMs } = await app.terminate();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain('"routeward has stopped"');
    expect(elapsedMs).toBeLessThan(4_000);
    const stopped = stdout.split("\n").find((line) => line.includes('"routeward has stopped"')) ?? "{}";
    const { time } = JSON.parse(stopped) as { time: string };
    expect(Date.now() - Date.parse(time)).toBeLessThan(1_500);
  });

  it("finishes the work in hand at SIGTERM, or keeps it for the next start", async () => {
    const { github } = world.world;
    app = startApp({ ...env, GITHUB_PACE: "unpaced" });
    await app.ready;
    await world.settle();
    const before = github.checkRuns({ repo: world.world.repo }).length;
    let isBusy = false;
    const slow = github.server.addFault({
      when: ({ path }) => {
        const isHit = path.endsWith("/pulls/2/files");
        isBusy ||= isHit;
        return isHit;
      },
      effect: { kind: "latency", milliseconds: 1_000 },
    });
    findStep("opens #2 for the internal canary").act(world);
    await waitFor("work to be in hand", () => isBusy);
    const { code, stderr } = await app.terminate();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    slow();
    expect(github.checkRuns({ repo: world.world.repo }).length).toBeGreaterThan(before);
    app = startApp({ ...env, GITHUB_PACE: "unpaced" });
    await app.ready;
    await world.settle();
    expect(world.actors.check(2).title).toContain("waiting for");
    expect(github.checkRuns({ repo: world.world.repo }).length).toBe(before + 1);
    expect([...github.violations, ...world.world.featbit.violations]).toEqual([]);
  }, 60_000);
});

describe("a start that cannot go well", () => {
  it("lists everything that is missing at once, and exits 2", async () => {
    const { code, stdout, stderr } = await startApp({ PORT: "many" }).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    for (const name of ["APP_ID is missing", "PRIVATE_KEY is missing", "WEBHOOK_SECRET is missing", "PORT must be"]) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toContain("    at ");
  });

  it("lists the secrets that the operator's file names and nobody set", async () => {
    const { FEATBIT_ACCESS_TOKEN: _token, FEATBIT_SDK_KEY: _key, ...rest } = env;
    const { code, stderr } = await startApp(rest).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("FEATBIT_ACCESS_TOKEN is missing");
    expect(stderr).toContain("FEATBIT_SDK_KEY is missing");
  });

  it("shows every mistake of the operator's file with its line", async () => {
    const path = `${world.folder}/wrong.yaml`;
    const config = readFileSync(env["ROUTEWARD_CONFIG"] ?? "", "utf8");
    writeFileSync(path, config.replace("production: true", "production: perhaps").replace("flagKeys:", "flagKey:"));
    const { code, stderr } = await startApp({ ...env, ROUTEWARD_CONFIG: path }).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/wrong\.yaml:\d+:\d+: .*production/);
    expect(stderr).toMatch(/wrong\.yaml:\d+:\d+: .*flagKey/);
    expect(stderr).not.toContain("    at ");
  });

  it("says that the port is taken, and exits 1", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const dataDir = `${world.folder}/other`;
    const { code, stderr } = await startApp({ ...env, PORT: String(port), DATA_DIR: dataDir }).ended;
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^routeward(?: serve)?: cannot listen on 127\.0\.0\.1:\d+: another program uses the port/);
    expect(stderr).not.toContain("    at ");
  });

  it("says that the database is away, without its password", async () => {
    const url = "postgresql://routeward:hunter2hunter2@127.0.0.1:9/nothing";
    const { code, stderr } = await startApp({ ...env, DATABASE_URL: url }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^routeward(?: serve)?: /);
    expect(stderr).not.toContain("hunter2");
    expect(stderr).not.toContain("    at ");
  }, 60_000);
});
