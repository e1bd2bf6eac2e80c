import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../src/adapters/store/open-store.ts";
import { readOperatorUser } from "../../src/apps/operator/open-operator-channel.ts";
import { type AppProcess, type Ending, startApp } from "./app-process.ts";
import {
  approveAll,
  bindingName,
  findStep,
  flagKey,
  merge,
  openStoryWorld,
  storyThrough,
  type StoryWorld,
} from "./story-world.ts";

let world: StoryWorld;
let app: AppProcess;
let dataDir: string;

/** Runs a command as the operator would beside the running app: with the data directory and no secret. */
async function run(...args: string[]): Promise<Ending> {
  return startApp({ DATA_DIR: dataDir }, args).ended;
}

const flagOf = () => world.world.featbit.findFlag(world.world.environment.id, flagKey);

beforeAll(async () => {
  world = await openStoryWorld();
  dataDir = world.env["DATA_DIR"] ?? "";
  app = startApp(world.env);
  await app.ready;
  for (const step of storyThrough("merges #2")) {
    step.act(world);
    await world.settle();
  }
});
afterAll(async () => {
  await app.kill();
  await world.close();
});

describe("beside the running app, through its socket", () => {
  it("the socket is for the app's own user only", () => {
    const socket = statSync(join(dataDir, "operator.sock"));
    expect(socket.isSocket()).toBe(true);
    expect(socket.mode & 0o777).toBe(0o600);
  });

  it("status shows what is live, to people and to programs", async () => {
    const shown = await run("status");
    expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: "" });
    expect(shown.stdout).toContain(`${bindingName}/${flagKey}: live`);
    expect(shown.stdout).toContain("internal-canary, 100 % of its audience");
    const { stdout } = await run("status", flagKey, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, routes: [{ flagKey, state: "live", latch: null }] });
    expect((await run("status", "nothing")).code).toBe(1);
  });

  it("doctor examines the installation beside the running app", async () => {
    const { code, stdout, stderr } = await startApp({ ...world.env, LOG_LEVEL: "info" }, ["doctor", "--json"]).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { findings } = JSON.parse(stdout) as { findings: { check: string; found: string }[] };
    expect(findings.find(({ check }) => check === "store.durability")?.found).toContain("the app is running");
  });

  it("rehearse proves the way back of the pull request that was merged last", async () => {
    const { code, stdout, stderr } = await run("rehearse", bindingName, flagKey);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^The way back works for acme\/support-routes#2: .*\d+ ms/);
    // Asked once more it is made once more, on the live flag as the first time.
    const again = await run("rehearse", bindingName, flagKey);
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: "" });
    expect(again.stdout).toMatch(/^The way back works for acme\/support-routes#2: .*\d+ ms/);
  });

  it.each([
    [["rollback", "acme-prodution", flagKey, "--reason", "x"], /did you mean acme-production\?/],
    [["rollback", bindingName, "billing_route", "--reason", "x"], /does not let Routeward move flag billing_route/],
    [
      ["rollback", bindingName, "support_answr_model_route", "--reason", "x"],
      /did you mean support_answer_model_route\?/,
    ],
    [["rehearse", bindingName, flagKey, "--pr", "acme/support-routes#99"], /changes no route of flag/],
    [
      ["transfer", bindingName, flagKey, "--to", "acme/other:model-routes/a.yaml", "--yes"],
      /does not name the repository/,
    ],
    [["transfer", bindingName, flagKey, "--to", "acme/support-routes:../a.yaml", "--yes"], /is not the path/],
    [["adopt", bindingName, "support_nowhere", "--yes"], /FeatBit has no flag support_nowhere/],
  ])("%j is refused with what to do", async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("    at ");
    expect(code).toBe(1);
  });

  it("a flag made by hand is shown first, and adopted only with --yes", async () => {
    const { featbit, environment } = world.world;
    const user = featbit.createUser({ name: "Hand", email: "hand@acme.example" });
    const on = "11111111-1111-4111-8111-111111111111";
    featbit.createFlag(
      {
        envId: environment.id,
        key: "support_by_hand",
        name: "by hand",
        variationType: "json",
        isEnabled: true,
        variations: [{ id: on, name: "on", value: '{"kept":true}' }],
        enabledVariationId: on,
        disabledVariationId: on,
        tags: [],
      } as never,
      user,
    );
    const shown = await run("adopt", bindingName, "support_by_hand");
    expect(shown.code).toBe(1);
    expect(shown.stdout).toContain('on: {"kept":true}');
    expect(shown.stderr).toContain("add --yes");
    const adopted = await run("adopt", bindingName, "support_by_hand", "--yes");
    expect({ code: adopted.code, stderr: adopted.stderr }).toEqual({ code: 0, stderr: "" });
    expect((await run("adopt", bindingName, "support_by_hand", "--yes")).stdout).toContain("Adopted already.");
    expect(featbit.findFlag(environment.id, "support_by_hand")?.variations).toHaveLength(1);
  });

  it("rollback waits for the proof and says how long it took", async () => {
    expect(flagOf()?.isEnabled).toBe(true);
    const { code, stdout, stderr } = await run(
      "rollback",
      bindingName,
      flagKey,
      "--reason",
      "answers cite the wrong page",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/serves the baseline to everyone, proven through the FeatBit SDK after \d+\.\d\d s/);
    expect(flagOf()?.isEnabled).toBe(false);
    const again = await run("rollback", bindingName, flagKey, "--reason", "answers cite the wrong page");
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("was off and on its baseline already");
    await world.settle();
    const status = await run("status", flagKey);
    expect(status.stdout).toContain("baseline to everyone");
    expect(status.stdout).toContain("answers cite the wrong page");
  });
});

describe("while the app is dead, with its socket left behind", () => {
  beforeAll(async () => {
    findStep("opens #3 for the internal canary again").act(world);
    await world.settle();
    approveAll(world, 3);
    await world.settle();
    merge(world, 3);
    await world.settle();
    await app.kill();
  });

  it("without the secrets it says which are missing, and changes nothing", async () => {
    expect(flagOf()?.isEnabled).toBe(true);
    const { code, stderr } = await run("rollback", bindingName, flagKey, "--reason", "x");
    expect(code).toBe(2);
    expect(stderr).toContain("APP_ID is missing");
    expect(flagOf()?.isEnabled).toBe(true);
  });

  it("rollback takes the store, does the work itself and proves it, with GitHub away too", async () => {
    const undo = world.world.github.server.addFault({ when: () => true, effect: { kind: "lost-request" } });
    const args = ["rollback", bindingName, flagKey, "--reason", "the provider is down"];
    const { code, stdout, stderr } = await startApp({ ...world.env, LOG_LEVEL: "info" }, args).ended;
    undo();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/proven through the FeatBit SDK after/);
    expect(flagOf()?.isEnabled).toBe(false);
  });

  it("the next start replaces the socket, tells GitHub, and the log of record names who asked", async () => {
    app = startApp(world.env);
    await app.ready;
    await world.settle();
    expect((await run("status", flagKey)).stdout).toContain(": off (the provider is down)");
    const comments = world.world.github.comments({ repo: world.world.repo, number: 3 });
    expect(comments.filter(({ body }) => body.includes("the provider is down"))).toHaveLength(1);
    await app.terminate();
    expect(() => statSync(join(dataDir, "operator.sock"))).toThrow("ENOENT");
    const opened = await openStore({ dataDir }, () => new Date());
    const entries = await opened.store.readAudit({ limit: 10_000 });
    expect(await opened.store.verifyStore()).toEqual([]);
    await opened.close();
    const asked = entries.filter(({ type }) => type === "operator.request");
    const by = `operator ${readOperatorUser({})}`;
    expect(new Set(asked.map(({ data }) => (data as { by: string }).by))).toEqual(new Set([by]));
    expect(asked.map(({ data }) => (data as { request: { kind: string } }).request.kind)).toContain("rollback");
    // The doctor asks for the time, and for a creation that every validator refuses: both on purpose.
    const onPurpose = /^(?:GET \/health\/liveness:|POST \/api\/v1\/envs\/\{envId\}\/feature-flags request )/;
    expect(world.world.featbit.violations.filter((text) => !onPurpose.test(text))).toEqual([]);
    expect(world.world.github.violations).toEqual([]);
  });
});
