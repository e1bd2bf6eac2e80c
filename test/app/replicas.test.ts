import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainMissingPostgres, type PostgresCluster, startPostgresCluster } from "../postgres-cluster.ts";
import { findFreePort, startApp } from "./app-process.ts";
import { describeOutside, describeStore, recordEffects } from "./story-record.ts";
import { openStoryWorld, story } from "./story-world.ts";

const missing = explainMissingPostgres();

describe.skipIf(missing !== undefined)(
  `two replicas on one PostgreSQL${missing === undefined ? "" : `: ${missing}`}`,
  () => {
    let cluster: PostgresCluster;
    beforeAll(async () => {
      cluster = await startPostgresCluster();
    });
    afterAll(() => cluster.stop());

    it("play the story together, and every effect is seen once", async () => {
      const databaseUrl = await cluster.createDatabase();
      const world = await openStoryWorld({ DATABASE_URL: databaseUrl });
      const effects = recordEffects(world);
      const { github, featbit, appId, repo } = world.world;
      const otherPort = await findFreePort();
      const apps = [startApp(world.env), startApp({ ...world.env, PORT: String(otherPort) })];
      const urls = [world.url, `http://127.0.0.1:${otherPort}`];
      try {
        // Both at once, so that they meet in the migrations too.
        await Promise.all(apps.map((app) => app.ready));
        await world.settle();
        for (const [index, step] of story.entries()) {
          github.setWebhookUrl({ appId, url: `${urls[index % 2] ?? ""}/api/github/webhooks` });
          step.act(world);
          // Everything arrives twice, at the other replica the second time.
          const sent = github.deliveries().filter(({ redelivery }) => !redelivery);
          await github.waitForDeliveries();
          github.setWebhookUrl({ appId, url: `${urls[(index + 1) % 2] ?? ""}/api/github/webhooks` });
          for (const { id } of github.deliveries().slice(sent.length)) github.duplicateDelivery({ id });
          await world.settle();
        }
        const endings = await Promise.all(apps.map((app) => app.terminate()));
        expect(endings.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
          apps.map(() => ({ code: 0, stderr: "" })),
        );
        const worked = endings.map(({ stdout }) => stdout.split('"job done"').length - 1);
        expect(Math.min(...worked)).toBeGreaterThan(0);

        expect(effects.doubled()).toEqual([]);
        expect(effects.list().length).toBeGreaterThan(20);
        expect([...github.violations, ...featbit.violations]).toEqual([]);
        expect(describeOutside(world)).toMatchObject({
          flag: { isEnabled: false, rules: [] },
          hasRehearsalFlag: false,
          deployments: [
            { statuses: [{ state: "success" }, { state: "inactive" }] },
            { statuses: [{ state: "success" }, { state: "inactive" }] },
          ],
        });
        expect(github.issues({ repo })).toHaveLength(1);
        expect(await describeStore(world, { databaseUrl })).toMatchObject({
          findings: [],
          openIntents: [],
          unfinishedDeliveries: [],
          outbox: [],
          live: { stage: null },
          latch: { by: "@rita" },
          status: { state: "off" },
          rehearsals: [true],
        });
      } finally {
        for (const app of apps) await app.kill();
        await world.close();
      }
    }, 180_000);
  },
);
