import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startLoopbackServer, type SimulatorRequest } from "../loopback-server.ts";
import type { SimAccessToken, SimFlag, SimUser } from "./featbit-data.ts";
import { startFeatBitSimulator, type FeatBitSimulator, type SimulatedEnvironment } from "./featbit-simulator.ts";

const control = "11111111-1111-4111-8111-111111111111";
const treatment = "22222222-2222-4222-8222-222222222222";
const unknown = "99999999-9999-4999-8999-999999999999";

const newFlag = {
  name: "Route",
  key: "route",
  isEnabled: true,
  description: null,
  variationType: "string",
  variations: [
    { id: control, name: "control", value: "control" },
    { id: treatment, name: "treatment", value: "treatment" },
  ],
  enabledVariationId: control,
  disabledVariationId: control,
  tags: ["model-route"],
};

const targeting = (id: string) => ({
  targetUsers: [],
  rules: [],
  fallthrough: { dispatchKey: null, includedInExpt: true, variations: [{ id, rollout: [0, 1], exptRollout: 1 }] },
  exptIncludeAllTargets: true,
});

let simulator: FeatBitSimulator;
let environment: SimulatedEnvironment;
let token: SimAccessToken;
let user: SimUser;

interface Answer {
  status: number;
  body: { success?: boolean; errors?: unknown; data?: unknown } | null;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${simulator.apiUrl}/api/v1${path}`, {
    method,
    headers: {
      authorization: token.token,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : (JSON.parse(text) as Answer["body"]) };
}

const flags = (rest = "") => `/envs/${environment.id}/feature-flags${rest}`;
const route = () => simulator.findFlag(environment.id, "route") as SimFlag;

beforeEach(async () => {
  simulator = await startFeatBitSimulator();
  const project = simulator.createProject({ key: "support" });
  environment = simulator.createEnvironment(project.id, { key: "prod" });
  user = simulator.createUser({ name: "Petra", email: "petra@corp.example" });
  token = simulator.createAccessToken({ name: "routeward", type: "service" });
  await call("POST", flags(), newFlag);
});

afterEach(async () => {
  await simulator.close();
});

type Row = [name: string, run: () => Promise<Answer>, status: number, errors: unknown, data?: unknown];

const refusals: Row[] = [
  ["no token", () => call("GET", flags("/route"), undefined, { authorization: "" }), 401, ["Unauthorized"]],
  [
    "a token with the word Bearer",
    () => call("GET", flags("/route"), undefined, { authorization: `Bearer ${token.token}` }),
    401,
    ["Unauthorized"],
  ],
  ["a missing flag is read", () => call("GET", flags("/none")), 404, ["ResourceNotFound"]],
  ["a flag key in another case is read", () => call("GET", flags("/ROUTE")), 404, ["ResourceNotFound"]],
  [
    "a missing flag gets targeting",
    () => call("PUT", flags("/none/targeting"), { revision: unknown, targeting: targeting(control) }),
    404,
    ["ResourceNotFound"],
  ],
  ["a missing flag is toggled", () => call("PUT", flags("/none/toggle/true")), 403, ["Forbidden"]],
  ["a missing flag is archived", () => call("PUT", flags("/none/archive")), 403, ["Forbidden"]],
  ["a missing environment is read", () => call("GET", `/envs/${unknown}/feature-flags/route`), 403, ["Forbidden"]],
  ["an environment id that is no GUID", () => call("GET", "/envs/prod/feature-flags/route"), 404, undefined],
  ["a schedule by a token", () => call("POST", flags("/route/schedules"), {}), 403, undefined],
  ["a change request by a token", () => call("POST", flags("/route/change-requests"), {}), 403, undefined],
  ["webhooks by a token", () => call("GET", "/webhooks"), 403, undefined],
  [
    "targeting with an old revision",
    () => call("PUT", flags("/route/targeting"), { revision: unknown, targeting: targeting(control) }),
    409,
    ["Conflict"],
  ],
  [
    "targeting without a revision",
    () => call("PUT", flags("/route/targeting"), { targeting: targeting(control) }),
    409,
    ["Conflict"],
  ],
  [
    "targeting with a revision that is no GUID",
    () => call("PUT", flags("/route/targeting"), { revision: "7", targeting: targeting(control) }),
    400,
    { $: ["The JSON value could not be converted. Path: $.revision"] },
  ],
  [
    "targeting without targeting",
    () => call("PUT", flags("/route/targeting"), { revision: route().revision }),
    500,
    ["InternalServerError"],
  ],
  [
    "targeting without rules",
    () =>
      call("PUT", flags("/route/targeting"), {
        revision: route().revision,
        targeting: { ...targeting(control), rules: undefined },
      }),
    500,
    ["InternalServerError"],
  ],
  [
    "a body that is no JSON",
    () => call("PUT", flags("/route/targeting"), "{"),
    400,
    { $: ["The JSON value could not be converted. Path: $."] },
  ],
  [
    "another content type",
    () => call("PUT", flags("/route/targeting"), "{}", { "content-type": "text/plain" }),
    415,
    undefined,
  ],
  [
    "a key that is used in another case",
    () => call("POST", flags(), { ...newFlag, key: "ROUTE" }),
    422,
    ["KeyHasBeenUsed"],
  ],
  ["a flag without a name", () => call("POST", flags(), { ...newFlag, key: "b", name: "" }), 400, ["name_is_required"]],
  ["a flag with an odd key", () => call("POST", flags(), { ...newFlag, key: "a b" }), 400, ["key_is_invalid"]],
  [
    "a flag without variations",
    () => call("POST", flags(), { ...newFlag, key: "b", variations: [] }),
    400,
    ["NotEmptyValidator", "disabledVariationId_is_invalid", "enabledVariationId_is_invalid"],
  ],
  [
    "an off variation of no flag",
    () => call("PUT", flags("/route/off-variation"), { revision: unknown, offVariationId: control }),
    409,
    ["Conflict"],
  ],
  ["deletion before archiving", () => call("DELETE", flags("/route")), 422, ["CannotDeleteUnarchivedFeatureFlag"]],
  [
    "a patch that does not apply",
    () => call("PATCH", flags("/route"), [{ op: "replace", path: "/nothing", value: 1 }]),
    200,
    ["The target location specified by path segment 'nothing' was not found."],
    false,
  ],
  [
    "a segment for everybody",
    () =>
      call("POST", `/envs/${environment.id}/segments`, {
        type: "shared",
        name: "s",
        key: "s",
        scopes: ["organization/playground"],
      }),
    422,
    ["Unauthorized"],
  ],
  [
    "a segment without a scope",
    () =>
      call("POST", `/envs/${environment.id}/segments`, {
        type: "environment-specific",
        name: "s",
        key: "s",
        scopes: [],
      }),
    400,
    ["scopes_is_invalid"],
  ],
];

describe("refusals", () => {
  it.each(refusals)("%s", async (_name, run, status, errors, data = null) => {
    const before = route().revision;
    const answer = await run();
    expect({ status: answer.status, errors: answer.body?.errors }).toEqual({ status, errors });
    expect(answer.body?.data ?? null).toBe(data);
    expect(route().revision).toBe(before);
  });

  it("an inactive token is nobody", async () => {
    simulator.deactivateAccessToken(token.id);
    expect((await call("GET", flags("/route"))).status).toBe(401);
  });

  it("an old server does not let tokens write targeting", async () => {
    simulator.setTargetingOpenToTokens(false);
    const answer = await call("PUT", flags("/route/targeting"), {
      revision: route().revision,
      targeting: targeting(control),
    });
    expect(answer).toEqual({ status: 403, body: null });
  });
});

describe("writes", () => {
  it("a new flag serves the enabled variation to everyone", async () => {
    const { body } = await call("GET", flags("/route"));
    expect(body?.data).toMatchObject({
      isEnabled: true,
      targetUsers: [],
      rules: [],
      fallthrough: { dispatchKey: null, variations: [{ id: control, rollout: [0, 1], exptRollout: 1 }] },
      exptIncludeAllTargets: true,
      updatorId: token.id,
      tags: ["model-route"],
    });
  });

  it("targeting is stored as it was sent, sense or nonsense", async () => {
    const nonsense = { ...targeting("nobody"), rules: [] };
    nonsense.fallthrough.variations = [
      { id: "nobody", rollout: [0.5, 0.2], exptRollout: 9 },
      { id: control, rollout: [0.7, 0.1], exptRollout: 1 },
    ];
    const answer = await call("PUT", flags("/route/targeting"), { revision: route().revision, targeting: nonsense });
    expect(answer.status).toBe(200);
    expect(route().fallthrough).toEqual(nonsense.fallthrough);
    expect(answer.body?.data).toBe(route().revision);
  });

  it("equal targeting still makes a new revision and an audit row", async () => {
    const before = route().revision;
    const rows = simulator.audit.length;
    await call("PUT", flags("/route/targeting"), { revision: before, targeting: targeting(control), comment: "same" });
    expect(route().revision).not.toBe(before);
    expect(simulator.audit.slice(rows)).toMatchObject([{ comment: "same", instructions: [] }]);
  });

  it("toggling to the same state writes nothing", async () => {
    const rows = simulator.audit.length;
    const answer = await call("PUT", flags("/route/toggle/true"), { comment: "again" });
    expect(answer.body?.data).toBe(route().revision);
    expect(simulator.audit).toHaveLength(rows);
  });

  it("variations, off variation and tags change the revision", async () => {
    const revisions = new Set([route().revision]);
    const variations = [...newFlag.variations, { id: unknown, name: "third", value: "3" }];
    await call("PUT", flags("/route/variations"), { revision: route().revision, variations, comment: "v" });
    revisions.add(route().revision);
    await call("PUT", flags("/route/off-variation"), {
      revision: route().revision,
      offVariationId: treatment,
      comment: "o",
    });
    revisions.add(route().revision);
    await call("PUT", flags("/route/tags"), { tags: ["b"], comment: "t" });
    revisions.add(route().revision);
    expect(revisions.size).toBe(4);
    expect(route()).toMatchObject({ variations, disabledVariationId: treatment, tags: ["b"] });
  });

  it("an archived flag is still read and can be deleted", async () => {
    await call("PUT", flags("/route/archive"), { comment: "away" });
    expect((await call("GET", flags("/route"))).body?.data).toMatchObject({ isArchived: true });
    expect((await call("DELETE", flags("/route"))).body?.data).toBe(true);
    expect((await call("GET", flags("/route"))).status).toBe(404);
  });

  it("a patch goes past every check", async () => {
    token = simulator.createAccessToken({ name: "nobody", type: "service", statements: [] });
    await call("PATCH", flags("/route"), [{ op: "replace", path: "/isEnabled", value: false }]);
    expect(route().isEnabled).toBe(false);
  });
});

describe("what people find afterwards", () => {
  it("the audit log says who, what and why, newest first", async () => {
    await call("PUT", flags("/route/toggle/false"), { comment: "pr#7" });
    simulator.editFlag(environment.id, "route", user, (draft) => {
      draft.isEnabled = true;
    });
    const { body } = await call("GET", `/envs/${environment.id}/audit-logs?refId=${route().id}&refType=FeatureFlag`);
    expect(body?.data).toMatchObject({
      totalCount: 3,
      items: [
        { creatorName: "Petra", creatorEmail: "petra@corp.example", instructions: [{ kind: "TurnFlagOn" }] },
        {
          creatorName: "routeward",
          creatorEmail: "Access token",
          comment: "pr#7",
          instructions: [{ kind: "TurnFlagOff" }],
        },
        { operation: "Create", instructions: [], dataChange: { previous: "" } },
      ],
    });
    const found = await call("GET", `/envs/${environment.id}/audit-logs?query=${encodeURIComponent("pr#7")}`);
    expect(found.body?.data).toMatchObject({ totalCount: 1 });
  });

  it("a change that FeatBit does not see leaves a row without instructions", async () => {
    const split = targeting(control);
    split.fallthrough.variations = [
      { id: treatment, rollout: [0, 0.5], exptRollout: 1 },
      { id: control, rollout: [0.5, 1], exptRollout: 1 },
    ];
    await call("PUT", flags("/route/targeting"), { revision: route().revision, targeting: split });
    const swapped = structuredClone(split);
    swapped.fallthrough.variations.forEach((entry, index) => {
      entry.id = index === 0 ? control : treatment;
    });
    token = simulator.createAccessToken({ name: "nobody", type: "service", statements: [] });
    const answer = await call("PUT", flags("/route/targeting"), { revision: route().revision, targeting: swapped });
    expect(answer.status).toBe(200);
    expect(simulator.audit.at(-1)?.instructions).toEqual([]);
  });

  it("pending changes are listed, and projects carry secrets", async () => {
    simulator.addPendingChange(environment.id, "route");
    expect((await call("GET", flags("/route/pending-changes"))).body?.data).toMatchObject([{ type: "Schedule" }]);
    const projects = await call("GET", "/projects");
    expect(projects.body?.data).toMatchObject([{ key: "support", environments: [{ key: "prod" }] }]);
    expect(JSON.stringify(projects.body)).toContain(environment.serverSecret);
    expect((await call("GET", flags("?name=ROU"))).body?.data).toMatchObject({ totalCount: 1 });
    expect((await call("GET", `/projects/${environment.projectId}/envs/${environment.id}`)).status).toBe(200);
    expect(simulator.violations).toEqual([]);
  });

  it("segments are made, filled and read without a revision", async () => {
    const path = `/envs/${environment.id}/segments`;
    const made = await call("POST", path, {
      type: "environment-specific",
      name: "Internal",
      key: "internal",
      scopes: [environment.scope],
    });
    const id = (made.body?.data as { id: string } | undefined)?.id;
    const contents = { included: ["a"], excluded: ["b"], rules: [], comment: "c" };
    expect((await call("PUT", `${path}/${id}/targeting`, contents)).body?.data).toBe(true);
    expect((await call("GET", `${path}/${id}`)).body?.data).toMatchObject({ included: ["a"], excluded: ["b"] });
    expect((await call("GET", path)).body?.data).toMatchObject({ totalCount: 1, items: [{ key: "internal" }] });
    expect(simulator.violations).toEqual([]);
  });
});

describe("permissions of a token", () => {
  const flagStatement = (actions: string[], resources: string[], effect: "allow" | "deny" = "allow") => ({
    resourceType: "flag",
    effect,
    actions,
    resources,
  });
  const own = ["project/support:env/prod:flag/rou*"];
  const changeDefault = () =>
    call("PUT", flags("/route/targeting"), { revision: route().revision, targeting: targeting(treatment) });
  const addTarget = () => {
    const targets = [{ variationId: treatment, keyIds: ["u"] }];
    const body = { revision: route().revision, targeting: { ...targeting(control), targetUsers: targets } };
    return call("PUT", flags("/route/targeting"), body);
  };

  it.each([
    ["the default rule by its own action", [flagStatement(["UpdateFlagDefaultRule"], own)], changeDefault, 200],
    ["the default rule by the wrong action", [flagStatement(["UpdateFlagTargetingRules"], own)], changeDefault, 403],
    ["individual targets by their own action", [flagStatement(["UpdateFlagIndividualTargeting"], own)], addTarget, 200],
    ["individual targets by the wrong action", [flagStatement(["UpdateFlagDefaultRule"], own)], addTarget, 403],
    ["a flag by tag", [flagStatement(["*"], ["project/*:env/*:flag/*;other,model-route"])], changeDefault, 200],
    ["a flag of another tag", [flagStatement(["*"], ["project/*:env/*:flag/*;other"])], changeDefault, 403],
    ["everything below a project", [flagStatement(["*"], ["project/support"])], changeDefault, 200],
    ["another project", [flagStatement(["*"], ["project/sales"])], changeDefault, 403],
    ["a deny wins", [flagStatement(["*"], own), flagStatement(["*"], own, "deny")], changeDefault, 403],
  ])("%s", async (_name, statements, run, status) => {
    token = simulator.createAccessToken({ name: "t", type: "service", statements });
    expect((await run()).status).toBe(status);
  });

  it.each([
    ["needs the right on every flag, because a new one has no name yet", ["project/support:env/prod:flag/*"], 200],
    ["is refused to a right on a prefix", ["project/support:env/prod:flag/n*"], 403],
  ])("making a flag %s", async (_name, resources, status) => {
    token = simulator.createAccessToken({
      name: "t",
      type: "service",
      statements: [flagStatement(["CreateFlag"], resources)],
    });
    expect((await call("POST", flags(), { ...newFlag, key: "new" })).status).toBe(status);
  });

  it("a personal token has the rights its owner has now", async () => {
    const owner = simulator.createUser({ name: "Owner", email: "o@corp.example" });
    token = simulator.createAccessToken({ name: "mine", type: "personal", creatorId: owner.id });
    expect((await changeDefault()).status).toBe(403);
    owner.statements.push(flagStatement(["*"], own));
    expect((await changeDefault()).status).toBe(200);
  });
});

describe("webhooks that FeatBit sends", () => {
  it("are signed, keep their id over retries, and stop after three attempts", async () => {
    const received: SimulatorRequest[] = [];
    const listener = await startLoopbackServer(async (request) => {
      received.push(request);
      return { status: received.length < 3 ? 500 : 200 };
    });
    simulator.addWebhook({ url: listener.url, secret: "hush", retryMs: 1 });
    await call("PUT", flags("/route/toggle/false"), { comment: "x" });
    await simulator.settleWebhooks();
    await listener.close();
    expect(received).toHaveLength(3);
    expect(new Set(received.map((request) => request.headers["x-featbit-delivery"])).size).toBe(1);
    const [first] = received;
    expect(first?.headers["x-featbit-event"]).toBe("feature_flag.toggled");
    expect(first?.headers["x-featbit-signature-256"]).toBe(
      `sha256=${createHmac("sha256", "hush")
        .update(first?.rawBody ?? "")
        .digest("hex")}`,
    );
    expect(first?.body).toMatchObject({
      event: "feature_flag.toggled",
      operator: "routeward",
      data: { kind: "feature flag", object: { key: "route", isEnabled: false } },
    });
    expect(JSON.stringify(first?.body)).not.toContain(route().revision);
  });

  it("fail when a description holds a newline", async () => {
    simulator.addWebhook({ url: simulator.apiUrl, retryMs: 1 });
    simulator.editFlag(environment.id, "route", user, (draft) => {
      draft.description = "two\nlines";
    });
    await simulator.settleWebhooks();
    expect(simulator.deliveries).toMatchObject([{ status: 0, events: "feature_flag.basic_info_updated" }]);
  });
});

describe("the contract", () => {
  it("notes a body member that FeatBit does not know", async () => {
    await call("PUT", flags("/route/toggle/false"), { coment: "typo" });
    expect(simulator.violations).toEqual([
      "PUT /api/v1/envs/{envId}/feature-flags/{key}/toggle/{status} request body/coment: is not documented",
    ]);
  });
});
