import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainMissingPostgres, type PostgresCluster, startPostgresCluster } from "../postgres-cluster.ts";
import { startApp } from "./app-process.ts";
import { bindingName, flagKey, openStoryWorld, storyThrough } from "./story-world.ts";

const missing = explainMissingPostgres();

describe.skipIf(missing !== undefined)(`a worker on PostgreSQL${missing === undefined ? "" : `: ${missing}`}`, () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await startPostgresCluster();
  });
  afterAll(() => cluster.stop());

  it("takes no webhooks, and does what the command line queued", async () => {
    const world = await openStoryWorld({ DATABASE_URL: await cluster.createDatabase() });
    const { github, featbit, environment } = world.world;
    const run = (...args: string[]) => startApp({ ...world.env, LOG_LEVEL: "info" }, args).ended;
    let app = startApp(world.env);
    try {
      await app.ready;
      for (const step of storyThrough("merges #2")) {
        step.act(world);
        await world.settle();
      }
      await app.terminate();
      expect(featbit.findFlag(environment.id, flagKey)?.isEnabled).toBe(true);

      const nobody = await run("rollback", bindingName, flagKey, "--reason", "wrong page", "--timeout", "0s");
      expect(nobody.code).toBe(1);
      expect(nobody.stderr).toContain("the latch is set, the baseline is not proven yet");
      expect(featbit.findFlag(environment.id, flagKey)?.isEnabled).toBe(true);

      app = startApp(world.env, ["worker"]);
      await app.ready;
      const again = await run("rollback", bindingName, flagKey, "--reason", "wrong page");
      expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: "" });
      expect(featbit.findFlag(environment.id, flagKey)?.isEnabled).toBe(false);

      const answers = await Promise.all(
        ["/api/github/webhooks", `/api/featbit/webhooks/${bindingName}`, "/health", "/ready", "/metrics"].map(
          async (path) => (await fetch(`${world.url}${path}`)).status,
        ),
      );
      expect(answers).toEqual([404, 404, 200, 200, 200]);
      expect((await fetch(`${world.url}/api/github/webhooks`, { method: "POST", body: "{}" })).status).toBe(404);
      expect([...github.violations, ...featbit.violations]).toEqual([]);
      expect((await app.terminate()).code).toBe(0);
    } finally {
      await app.kill();
      await world.close();
    }
  });
});

it("a worker on the embedded store is refused with the reason", async () => {
  const world = await openStoryWorld();
  const { code, stderr } = await startApp(world.env, ["worker"]).ended;
  await world.close();
  expect(code).toBe(2);
  expect(stderr).toContain("DATABASE_URL is missing: the embedded store belongs to one process");
});
