import { setTimeout as sleep } from "node:timers/promises";
import { FbClientBuilder, type IFbClient, UserBuilder } from "@featbit/node-server-sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { hashToShare } from "./evaluate-flag.ts";
import type { SimFlag, SimRollout, SimTargetRule, SimUser } from "./featbit-data.ts";
import { startFeatBitSimulator, type FeatBitSimulator, type SimulatedEnvironment } from "./featbit-simulator.ts";

const control = "11111111-1111-4111-8111-111111111111";
const treatment = "22222222-2222-4222-8222-222222222222";

const share = (id: string, from: number, to: number): SimRollout => ({
  id,
  rollout: [from, to],
  exptRollout: to - from,
});

const rule = (given: Partial<SimTargetRule> & { id: string; name: string }): SimTargetRule => ({
  dispatchKey: null,
  includedInExpt: false,
  conditions: [],
  variations: [share(treatment, 0, 1)],
  ...given,
});

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

let simulator: FeatBitSimulator;
let environment: SimulatedEnvironment;
let user: SimUser;
const clients: IFbClient[] = [];

function createFlag(key: string, change: (draft: SimFlag) => void = () => {}): SimFlag {
  simulator.createFlag(
    {
      envId: environment.id,
      name: key,
      description: null,
      key,
      variationType: "string",
      variations: [
        { id: control, name: "control", value: "control" },
        { id: treatment, name: "treatment", value: "treatment" },
      ],
      isEnabled: true,
      enabledVariationId: control,
      disabledVariationId: control,
      tags: [],
    },
    user,
  );
  return simulator.editFlag(environment.id, key, user, change);
}

async function connect(options: object = {}, builder = new FbClientBuilder({ webSocketPingInterval: 40, ...options })) {
  const client = builder
    .sdkKey(environment.serverSecret)
    .streamingUri(simulator.streamingUrl)
    .eventsUri(simulator.evaluationUrl)
    .disableEvents(true)
    .startWaitTime(2_000)
    .logger(silent)
    .build();
  clients.push(client);
  await client.waitForInitialization();
  return client;
}

function buildUser(key: string, attributes: Record<string, string> = {}) {
  const builder = new UserBuilder(key).name(key);
  for (const [name, value] of Object.entries(attributes)) builder.custom(name, value);
  return builder.build();
}

async function waitFor(check: () => Promise<boolean> | boolean, milliseconds = 3_000): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    if (await check()) return true;
    await sleep(10);
  }
  return false;
}

beforeEach(async () => {
  simulator = await startFeatBitSimulator();
  const project = simulator.createProject({ key: "support" });
  environment = simulator.createEnvironment(project.id, { key: "prod" });
  user = simulator.createUser({ name: "Petra", email: "petra@corp.example" });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  const { violations } = simulator;
  await simulator.close();
  if (violations.length > 0) throw new Error(`not as the contract says: ${violations.join("; ")}`);
});

const everyone = { email: "x@elsewhere", risk: "low" };

/** facts/featbit-streaming.md section 4: number, flag, user, attributes, place in 0..1, value, kind. */
const workedExamples = [
  [
    "1",
    "model-route",
    "u-77",
    { email: "a@b", risk: "low", account_id: "acct-1001" },
    0.3016423415392637,
    "control",
    "RuleMatch",
  ],
  [
    "2",
    "model-route",
    "u-78",
    { email: "a@b", risk: "low", account_id: "acct-1004" },
    0.5867717303335667,
    "control",
    "RuleMatch",
  ],
  ["3", "model-route", "any", { ...everyone, account_id: "acct-1033" }, 0.09198284894227982, "treatment", "RuleMatch"],
  ["4", "model-route", "any", { ...everyone, account_id: "acct-1042" }, 0.022363420575857162, "treatment", "RuleMatch"],
  ["5", "model-route", "any", { ...everyone, account_id: "acct-1054" }, 0.010150922928005457, "treatment", "RuleMatch"],
  ["6", "model-route", "any", { ...everyone, account_id: "acct-1000" }, 0.9296262152493, "control", "RuleMatch"],
  ["7", "model-route", "any", { ...everyone, account_id: "acct-1010" }, 0.3253591349348426, "control", "RuleMatch"],
  ["8", "model-route-ab", "user-1", {}, 0.5138948108069599, "control", "FallThrough"],
  ["9", "model-route-ab", "user-2", {}, 0.49742654990404844, "treatment", "FallThrough"],
  ["10", "model-route-ab", "user-3", {}, 0.405025536660105, "treatment", "FallThrough"],
  ["11", "model-route-ab", "账户-7", {}, 0.19894349575042725, "treatment", "FallThrough"],
  ["off", "model-route-off", "user-1", {}, null, "control", "Off"],
  ["targeted", "model-route", "qa-bot", { email: "" }, null, "treatment", "TargetMatch"],
  ["in the segment by name", "model-route", "alice@corp", { email: "" }, null, "treatment", "RuleMatch"],
  ["in the segment by rule", "model-route", "bob", { email: "bob@corp.example" }, null, "treatment", "RuleMatch"],
  ["high risk", "model-route", "u-79", { email: "a@b", risk: "high" }, null, "control", "FallThrough"],
  ["everyone", "model-route-100", "user-9", {}, null, "treatment", "FallThrough"],
] as const;

function createWorkedFlags(): void {
  const segment = simulator.createSegment(environment.id, {
    key: "internal",
    included: ["alice@corp"],
    rules: [
      {
        id: "s-1",
        name: "staff",
        conditions: [{ id: "c-1", property: "email", op: "EndsWith", value: "@corp.example" }],
      },
    ],
  });
  createFlag("model-route", (draft) => {
    draft.targetUsers = [{ variationId: treatment, keyIds: ["qa-bot"] }];
    draft.rules = [
      rule({
        id: "r-1",
        name: "internal canary",
        conditions: [{ id: "c-2", property: "User is in segment", op: "", value: JSON.stringify([segment.id]) }],
      }),
      rule({
        id: "r-2",
        name: "low risk accounts",
        dispatchKey: "account_id",
        conditions: [{ id: "c-3", property: "risk", op: "Equal", value: "low" }],
        variations: [share(treatment, 0, 0.1), share(control, 0.1, 1)],
      }),
    ];
  });
  createFlag("model-route-ab", (draft) => {
    draft.fallthrough.variations = [share(treatment, 0, 0.5), share(control, 0.5, 1)];
  });
  createFlag("model-route-100", (draft) => {
    draft.fallthrough.variations = [share(treatment, 0, 1)];
  });
  createFlag("model-route-off", (draft) => {
    draft.isEnabled = false;
  });
}

describe("the real SDK on the simulator", () => {
  it.each(workedExamples)("worked example %s", async (_name, flag, key, attributes, place, value, kind) => {
    createWorkedFlags();
    const client = await connect();
    const served = await client.stringVariationDetail(flag, buildUser(key, attributes), "default");
    expect(served).toMatchObject({ value, kind });

    const dispatched = (attributes as Record<string, string>)["account_id"] ?? key;
    expect(place === null ? null : hashToShare(flag + dispatched)).toBe(place);

    // The server's own evaluation was written apart and must agree.
    const properties = Object.entries(attributes).map(([name, text]) => ({ name, value: text }));
    const response = await fetch(`${simulator.evaluationUrl}/api/public/featureflag/evaluate`, {
      method: "POST",
      headers: { authorization: environment.serverSecret, "content-type": "application/json" },
      body: JSON.stringify({ user: { keyId: key, customizedProperties: properties }, filter: { keys: [flag] } }),
    });
    expect(await response.json()).toMatchObject([{ key: flag, variation: { value } }]);
  });

  it.each([
    ["5 %", 0.05, ["acct-1042"]],
    ["10 %", 0.1, ["acct-1033", "acct-1042"]],
    ["25 %", 0.25, ["acct-1033", "acct-1042"]],
    ["50 %", 0.5, ["acct-1001", "acct-1010", "acct-1033", "acct-1042"]],
  ])("a share of %s serves the accounts of the table", async (_name, width, expected) => {
    createFlag("model-route", (draft) => {
      draft.rules = [
        rule({
          id: "r",
          name: "share",
          dispatchKey: "account_id",
          variations: [share(treatment, 0, width), share(control, width, 1)],
        }),
      ];
    });
    const client = await connect();
    const accounts = ["acct-1000", "acct-1001", "acct-1004", "acct-1010", "acct-1033", "acct-1042"];
    const served = await Promise.all(
      accounts.map((account) => client.stringVariation("model-route", buildUser("u", { account_id: account }), "none")),
    );
    expect(accounts.filter((_account, index) => served[index] === "treatment")).toEqual(expected);
  });

  it("gets a change pushed, and keeps what was there", async () => {
    createFlag("a");
    createFlag("b");
    const client = await connect();
    const updates: string[][] = [];
    client.on("update", (keys: string[]) => updates.push(keys));
    simulator.editFlag(environment.id, "a", user, (draft) => {
      draft.fallthrough.variations = [share(treatment, 0, 1)];
    });
    const someone = buildUser("u");
    expect(await waitFor(async () => (await client.stringVariation("a", someone, "none")) === "treatment")).toBe(true);
    expect(await client.stringVariation("b", someone, "none")).toBe("control");
    expect(updates).toEqual([["a"]]);
  });

  it("never loses the last of many changes made in the same millisecond", async () => {
    createFlag("a");
    const client = await connect();
    for (let count = 0; count < 51; count += 1) {
      simulator.editFlag(environment.id, "a", user, (draft) => {
        draft.fallthrough.variations = [share(count % 2 === 0 ? treatment : control, 0, 1)];
      });
    }
    const someone = buildUser("u");
    expect(await waitFor(async () => (await client.stringVariation("a", someone, "none")) === "treatment")).toBe(true);
    await sleep(50);
    expect(await client.stringVariation("a", someone, "none")).toBe("treatment");
  });

  it("gets a change of a segment pushed", async () => {
    const segment = simulator.createSegment(environment.id, { key: "internal" });
    createFlag("a", (draft) => {
      const condition = { id: "c", property: "User is in segment", op: "", value: JSON.stringify([segment.id]) };
      draft.rules = [rule({ id: "r", name: "internal", conditions: [condition] })];
    });
    const client = await connect();
    const someone = buildUser("alice");
    expect(await client.stringVariation("a", someone, "none")).toBe("control");
    simulator.editSegment(segment.id, user, (draft) => {
      draft.included = ["alice"];
    });
    expect(await waitFor(async () => (await client.stringVariation("a", someone, "none")) === "treatment")).toBe(true);
  });

  it("never receives a segment whose scope is another environment's", async () => {
    const segment = simulator.createSegment(environment.id, {
      key: "internal",
      included: ["alice"],
      scopes: ["organization/playground:project/other:env/prod"],
    });
    createFlag("a", (draft) => {
      const condition = { id: "c", property: "User is in segment", op: "", value: JSON.stringify([segment.id]) };
      draft.rules = [rule({ id: "r", name: "internal", conditions: [condition] })];
    });
    const client = await connect();
    expect(await client.stringVariation("a", buildUser("alice"), "none")).toBe("control");
  });

  it("sees a change only after the propagation delay", async () => {
    createFlag("a");
    const client = await connect();
    simulator.setPropagationDelay(200);
    const started = performance.now();
    simulator.editFlag(environment.id, "a", user, (draft) => {
      draft.isEnabled = false;
    });
    const kindOf = async (): Promise<string> => (await client.stringVariationDetail("a", buildUser("u"), "none")).kind;
    expect(await kindOf()).toBe("FallThrough");
    expect(await waitFor(async () => (await kindOf()) === "Off")).toBe(true);
    expect(performance.now() - started).toBeGreaterThanOrEqual(190);
  });

  it("comes back after a dropped stream and catches up on what it missed", async () => {
    createFlag("a");
    const client = await connect();
    simulator.dropStreams();
    await waitFor(() => simulator.countStreams() === 0);
    simulator.editFlag(environment.id, "a", user, (draft) => {
      draft.fallthrough.variations = [share(treatment, 0, 1)];
    });
    const someone = buildUser("u");
    expect(await client.stringVariation("a", someone, "none")).toBe("control");
    expect(await waitFor(async () => (await client.stringVariation("a", someone, "none")) === "treatment")).toBe(true);
  });

  it("comes back when the store was down for a moment", async () => {
    createFlag("a");
    simulator.refuseStreams(1011);
    setTimeout(() => simulator.refuseStreams(null), 300);
    const client = await connect();
    expect(await client.stringVariation("a", buildUser("u"), "none")).toBe("control");
  });

  it.each([
    ["the clock is more than 30 seconds off", () => simulator.setClockSkew(31_000)],
    ["the server says never to come back", () => simulator.refuseStreams(4003)],
  ])("gives up for good when %s", async (_name, spoil) => {
    spoil();
    const builder = new FbClientBuilder({ webSocketPingInterval: 40 }).startWaitTime(400);
    const client = builder
      .sdkKey(environment.serverSecret)
      .streamingUri(simulator.streamingUrl)
      .eventsUri(simulator.evaluationUrl)
      .disableEvents(true)
      .logger(silent)
      .build();
    clients.push(client);
    await expect(client.waitForInitialization()).rejects.toThrow("failed to start");
    simulator.setClockSkew(0);
    simulator.refuseStreams(null);
    await sleep(1_200);
    expect(simulator.countStreams()).toBe(0);
  });

  it("polls instead of streaming", async () => {
    createFlag("a");
    const client = new FbClientBuilder({ pollingInterval: 1_000 })
      .sdkKey(environment.serverSecret)
      .dataSyncMode("polling" as never)
      .pollingUri(simulator.evaluationUrl)
      .eventsUri(simulator.evaluationUrl)
      .disableEvents(true)
      .logger(silent)
      .build();
    clients.push(client);
    await client.waitForInitialization();
    expect(await client.stringVariation("a", buildUser("u"), "none")).toBe("control");
  });

  it("reports evaluations and metrics, which are kept as insights", async () => {
    createFlag("a");
    const client = new FbClientBuilder({ webSocketPingInterval: 40 })
      .sdkKey(environment.serverSecret)
      .streamingUri(simulator.streamingUrl)
      .eventsUri(simulator.evaluationUrl)
      .logger(silent)
      .build();
    clients.push(client);
    await client.waitForInitialization();
    await client.stringVariation("a", buildUser("u"), "none");
    client.track(buildUser("u"), "answered", 2.5);
    await client.flush();
    expect(await waitFor(() => JSON.stringify(simulator.insights).includes("answered"))).toBe(true);
    expect(JSON.stringify(simulator.insights)).toContain('"featureFlagKey":"a"');
  });
});

describe("the streaming protocol itself", () => {
  const open = async (query: string) => {
    const socket = new WebSocket(`${simulator.streamingUrl}/streaming?${query}`);
    return new Promise<number>((resolve) => {
      socket.on("close", (code) => resolve(code));
      socket.on("error", () => {});
    });
  };

  it.each([
    ["an unknown type", "type=other&token=QQSBS"],
    ["no token", "type=server"],
    ["a token that is none", "type=server&token=hello"],
    ["an unknown version", "type=server&version=3&token=QQSBS"],
  ])("%s is accepted and then closed with 4003", async (_name, query) => {
    expect(await open(query)).toBe(4003);
  });
});
