import { createPullState, keyOfPull, pullStateKind } from "../src/flows/pull-state.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  flagClaimKind,
  keyOfFlag,
  latchKind,
  liveStateKind,
  rehearsalKind,
  rolloutStatusKind,
} from "../src/flows/records.ts";
import { adoptFlag } from "../src/flows/rollout/adopt-flag.ts";
import { readApprovedContent } from "../src/flows/rollout/read-approved-content.ts";
import { keyOfRehearsal, rehearse } from "../src/flows/rollout/rehearse.ts";
import type { LiveState } from "../src/core/facts.ts";
import { updateRecord } from "../src/flows/update-record.ts";
import { GitHubError } from "../src/ports/github.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";

let world: RolloutWorld;
beforeAll(async () => {
  world = await openRolloutWorld();
});
afterAll(async () => {
  await world.close();
});

const liveOf = async (flagKey: string) =>
  (await world.opened.store.getRecord(liveStateKind, keyOfFlag(bindingName, flagKey)))?.value;
const latchOf = async (flagKey: string) =>
  (await world.opened.store.getRecord(latchKind, keyOfFlag(bindingName, flagKey)))?.value;
const statusOf = async (flagKey: string) =>
  (await world.opened.store.getRecord(rolloutStatusKind, keyOfFlag(bindingName, flagKey)))?.value;

describe("a route's way through its stages", () => {
  it("every stage is written, proven through the SDK, recorded and told", async () => {
    const key = "support_walk";
    const seen: unknown[] = [];
    for (const status of [
      "approved-for-testing",
      "approved-for-shadow",
      "approved-for-internal-canary",
      "approved-for-customer-canary",
      "approved-for-ab-comparison",
      "approved-as-default",
    ]) {
      await world.approve(key, status);
      const outcome = await world.advance(key);
      const live = await liveOf(key);
      seen.push([outcome.state, live?.stage, live?.share, live?.audiences.join(" ")]);
    }
    expect(seen).toEqual([
      ["live", "offline-eval", 0, ""],
      ["live", "shadow", 0, ""],
      ["live", "internal-canary", 100, "internal-support"],
      ["live", "customer-canary", 5, "internal-support low-risk-accounts"],
      ["live", "ab-comparison", 50, "internal-support all-eligible"],
      ["live", "default", 100, "everyone"],
    ]);
    expect((await world.opened.store.getRecord(flagClaimKind, keyOfFlag(bindingName, key)))?.value.repository).toBe(
      "acme/support-routes",
    );
    const states = [...world.github.deployments]
      .filter(([id]) => id.includes(key))
      .map(([id, { state }]) => [id.split(":").at(-1), state]);
    expect(states.filter(([, state]) => state === "success")).toEqual([["default", "success"]]);
    expect(states.length).toBe(6);
    expect(world.github.comments.filter((comment) => comment.marker.includes(key)).length).toBe(6);
    expect(world.simulator.audit.some((row) => row.comment?.includes("acme/support-routes#"))).toBe(true);
  });

  it("the pull request reads what is live, how fast it was served, and what it is without", () => {
    const comment = world.github.comments.find((one) => one.body.includes("customer-canary"));
    const body = comment?.body.replaceAll(/\d+\.\d\d s/g, "N s").replaceAll(/[0-9a-f]{64}/g, "HEX");
    expect(body).toMatchInlineSnapshot(`
      "\`support_walk\` is live at **customer-canary**: candidate to all of \`internal-support\` and 5 % of \`low-risk-accounts\`.

      - served N s after the approval of the merge; proof through the FeatBit SDK with 9 probes took N s
      - candidate \`mrb1:sha256:HEX\`
      - baseline \`mrb1:sha256:HEX\`
      - without \`regulated-region\`, \`enterprise-legal-review\`"
    `);
  });

  it("a second run of a settled flag writes nothing", async () => {
    const rows = world.simulator.audit.length;
    const entry = await world.opened.store.readAuditHead();
    expect((await world.advance("support_walk")).state).toBe("live");
    expect(world.simulator.audit.length).toBe(rows);
    expect(await world.opened.store.readAuditHead()).toEqual(entry);
  });

  it("FeatBit's own log is joined to ours: every row once, ours and those of others, with the revision that they led to", async () => {
    const key = "support_joined";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    await world.advance(key);
    await world.approve(key, "approved-for-customer-canary");
    await world.advance(key);
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.rules = [];
    });
    await world.advance(key);
    await world.advance(key);
    const flag = world.flag(key);
    const entries = (await world.opened.store.readAudit({ limit: 10_000 })).filter(
      ({ type, data }) => type === "rollout.featbit-log" && JSON.stringify(data).includes(flag.id),
    );
    const joined = z
      .array(
        z.object({
          revision: z.string(),
          rows: z.array(z.object({ id: z.string(), actor: z.string(), comment: z.string() })),
        }),
      )
      .parse(entries.map(({ data }) => data));
    const rows = joined.flatMap((entry) => entry.rows);
    expect(rows.map(({ id }) => id)).toEqual(
      world.simulator.audit.filter(({ refId }) => refId === flag.id).map(({ id }) => id),
    );
    expect(rows.map(({ actor }) => actor)).toContain("Hand");
    expect(rows.filter(({ comment }) => comment.startsWith("routeward:")).length).toBeGreaterThan(1);
    expect(joined.at(-1)?.revision).toBe(flag.revision);
  });

  it("a draft without a flag is left alone", async () => {
    await world.approve("support_draft", "draft");
    expect((await world.advance("support_draft")).state).toBe("idle");
    expect(world.simulator.findFlag(world.environment.id, "support_draft")).toBeUndefined();
  });

  it.each<[string, string, readonly string[], { state: string; isEnabled: boolean }]>([
    [
      "a draft whose flag exists serves the baseline",
      "support_drafted",
      ["approved-for-testing", "draft"],
      { state: "live", isEnabled: true },
    ],
    [
      "rejected after a test is off",
      "support_rejected",
      ["approved-for-testing", "rejected"],
      { state: "off", isEnabled: false },
    ],
    [
      "rejected after a canary is off",
      "support_rejected_late",
      ["approved-for-internal-canary", "rejected"],
      { state: "off", isEnabled: false },
    ],
    [
      "retired and to be removed is off",
      "support_retired",
      ["approved-as-default", "retired"],
      { state: "off", isEnabled: false },
    ],
  ])("%s, and nobody gets the candidate", async (_name, key, statuses, expected) => {
    let state = "";
    for (const status of statuses) {
      await world.approve(key, status);
      ({ state } = await world.advance(key));
    }
    const { isEnabled } = world.flag(key);
    expect({ state, isEnabled }).toEqual(expected);
    expect(await liveOf(key)).toMatchObject({ share: 0, audiences: [] });
    expect(world.flag(key).rules.filter((rule) => JSON.stringify(rule).includes("internal-support"))).toEqual([]);
  });

  it("a string flag serves the names of its variations", async () => {
    const key = "support_string";
    await world.approve(key, "approved-for-customer-canary", (text) => text.replace("type: json", "type: string"));
    expect((await world.advance(key)).state).toBe("live");
    expect(world.flag(key).variations.map((variation) => variation.value)).toEqual(["baseline", "candidate"]);
  });

  it("a candidate that became the baseline of a permanent route is served as the baseline, and the old one goes", async () => {
    const key = "support_permanent";
    await world.approve(key, "approved-as-default");
    await world.advance(key);
    const digest = (await liveOf(key))?.candidateDigest;
    await world.approve(key, "retired", (text) => {
      const [head = "", rest = ""] = text.split("  baseline:\n");
      const [, next = ""] = rest.split("  candidate:\n");
      return `${head}  baseline:\n${next}`
        .replace("decision: remove", "decision: permanent")
        .replace("by: 2027", "reviewBy: 2027");
    });
    expect(await world.advance(key)).toMatchObject({ state: "live", reason: "" });
    expect(await liveOf(key)).toMatchObject({ stage: null, baselineDigest: digest, candidateDigest: null });
    expect(world.flag(key).variations.map((variation) => variation.name)).toEqual(["baseline"]);
    expect(world.flag(key).isEnabled).toBe(true);
  });

  it("another candidate never slides into the old one's audience", async () => {
    const key = "support_exchange";
    await world.approve(key, "approved-as-default");
    await world.advance(key);
    const first = await liveOf(key);
    await world.approve(key, "approved-for-internal-canary", (text) =>
      text.replace("claude-sonnet-4-5-20250929", "claude-other"),
    );
    const rows = world.simulator.audit.length;
    await world.advance(key);
    const comments = world.simulator.audit.slice(rows).map((row) => row.comment?.replace(/^\S+ \S+ \S+ /, ""));
    expect(comments).toEqual([
      "baseline to everyone",
      "variations for internal-canary step 1 (100 %)",
      "internal-canary step 1 (100 %)",
    ]);
    expect((await liveOf(key))?.candidateDigest).not.toBe(first?.candidateDigest);
  });
});

describe("the way back", () => {
  it("a rollback switches off, proves the baseline, cleans the targeting and answers with the time; the latch holds", async () => {
    const key = "support_back";
    await world.approve(key, "approved-for-customer-canary");
    await world.advance(key);
    await world.rollBack(key);
    const outcome = await world.advance(key);
    expect(outcome.state).toBe("off");
    expect(outcome.rolledBackMs).toBeLessThan(2_000);
    expect(world.flag(key).isEnabled).toBe(false);
    expect(world.flag(key).rules).toEqual([]);
    expect((await liveOf(key))?.stage).toBeNull();
    expect(
      world.github.comments.find((comment) => comment.marker.startsWith(`routeward-rollback ${bindingName}/${key}`))
        ?.body,
    ).toMatch(/proven through the FeatBit SDK \d/);
    expect([...world.github.deployments].filter(([id]) => id.includes(key)).map(([, { state }]) => state)).toEqual([
      "inactive",
    ]);
    // The merge from before the rollback changes nothing, however often it is tried.
    expect((await world.advance(key)).state).toBe("off");
    expect((await latchOf(key))?.reason).toBe("answers are wrong");
    // Somebody switches it on by hand: off again.
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.isEnabled = true;
    });
    expect((await world.advance(key)).state).toBe("off");
    expect(world.flag(key).isEnabled).toBe(false);
    // A merge approved later enters again and releases the latch.
    await world.approve(key, "approved-for-internal-canary");
    expect((await world.advance(key)).state).toBe("live");
    expect(world.flag(key).isEnabled).toBe(true);
    expect(await latchOf(key)).toBeUndefined();
  });

  it("a flag switched off by hand is latched and never switched on again", async () => {
    const key = "support_hand_off";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.isEnabled = false;
    });
    expect((await world.advance(key)).state).toBe("off");
    expect((await latchOf(key))?.cause).toBe("flag-turned-off");
    expect((await world.advance(key)).state).toBe("off");
    expect(world.flag(key).isEnabled).toBe(false);
  });

  it("a merged rolled-back goes off; a later stage enters again", async () => {
    const key = "support_merged_back";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    await world.approve(key, "rolled-back");
    expect((await world.advance(key)).state).toBe("off");
    expect(world.flag(key).isEnabled).toBe(false);
    await world.approve(key, "approved-for-internal-canary");
    expect((await world.advance(key)).state).toBe("live");
  });

  it("a rollback during a promotion's proof cancels it", async () => {
    const key = "support_inflight";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    await world.approve(key, "approved-as-default");
    world.simulator.setPropagationDelay(1_500);
    const running = world.advance(key);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await world.rollBack(key);
    world.simulator.setPropagationDelay(0);
    expect((await running).state).toBe("off");
    expect(world.flag(key).isEnabled).toBe(false);
    expect((await liveOf(key))?.stage).toBeNull();
  });

  it("a rollback while FeatBit cannot be read switches off blindly", async () => {
    const key = "support_blind";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    await world.rollBack(key);
    const remove = world.simulator.api.addFault({
      when: (request) => request.method === "GET" && request.path.endsWith(key),
      effect: { kind: "status", response: { status: 503 } },
    });
    await expect(world.advance(key)).rejects.toThrow("cannot read flag");
    expect(world.flag(key).isEnabled).toBe(false);
    remove();
    expect((await world.advance(key)).state).toBe("off");
  });

  it("an off variation that was changed by hand is not switched to", async () => {
    const key = "support_unsafe_off";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.disabledVariationId = draft.variations[1]?.id ?? "";
    });
    await world.rollBack(key);
    const rows = world.simulator.audit.length;
    expect((await world.advance(key)).state).toBe("off");
    expect(world.simulator.audit.slice(rows).map((row) => row.comment?.includes("rollback ("))).toEqual([
      false,
      false,
      true,
    ]);
    expect(world.flag(key).disabledVariationId).toBe(world.flag(key).variations.find((v) => v.name === "baseline")?.id);
  });
});

describe("what holds", () => {
  const hold = async (key: string): Promise<string> => {
    const outcome = await world.advance(key);
    expect(outcome.state).toBe("held");
    expect((await statusOf(key))?.state).toBe("held");
    return outcome.reason;
  };

  it("a flag that somebody else made", async () => {
    world.createByHand("support_foreign", ["routeward"]);
    await world.approve("support_foreign", "approved-for-internal-canary");
    expect(await hold("support_foreign")).toContain("routeward adopt");
  });

  it("a manual edit, named with its difference and told once", async () => {
    const key = "support_edited";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.rules = [];
    });
    expect(await hold(key)).toContain("changed in FeatBit by hand");
    await hold(key);
    expect(
      world.github.comments.filter((comment) => comment.marker.startsWith(`routeward-hold ${bindingName}/${key}`))
        .length,
    ).toBe(1);
  });

  it("a pause, until it is lifted", async () => {
    const key = "support_paused";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    const pause = (paused: LiveState["paused"]) =>
      updateRecord(world.opened.store, liveStateKind, keyOfFlag(bindingName, key), "test", (live) =>
        live === undefined ? undefined : { ...live, paused },
      );
    await pause({ at: new Date().toISOString(), by: "@ann", reason: "looking" });
    await world.approve(key, "approved-as-default");
    expect(await hold(key)).toContain("paused by @ann since ");
    await pause(null);
    expect((await world.advance(key)).state).toBe("live");
  });

  it("a change request that waits in FeatBit", async () => {
    const key = "support_pending";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    world.simulator.addPendingChange(world.environment.id, key);
    await world.approve(key, "approved-as-default");
    expect(await hold(key)).toContain("wait on the flag");
    world.simulator.clearPendingChanges();
    expect((await world.advance(key)).state).toBe("live");
  });

  it("a default branch that holds something else than what was approved", async () => {
    const key = "support_branch";
    await world.approve(key, "approved-for-internal-canary");
    world.github.files.set(`model-routes/${key}.yaml`, "model_change: {}");
    expect(await hold(key)).toContain("holds another");
  });

  it("a merge that is still being judged, which nobody is told of; when it was judged and is not approved, they are", async () => {
    const key = "support_settling";
    await world.approve(key, "approved-for-internal-canary");
    world.github.files.set(`model-routes/${key}.yaml`, "model_change: {}");
    world.github.merged.push(77);
    const toldOf = () => world.github.comments.filter(({ marker }) => marker.includes(`/${key}:`)).length;
    expect((await world.advance(key)).reason).toBe("the merge of #77 on main is still being judged");
    expect(toldOf()).toBe(0);
    await world.opened.store.putRecord({
      kind: pullStateKind,
      key: keyOfPull(1, 77),
      value: { ...createPullState("acme/support-routes", 77), settled: { mergeSha: "f".repeat(40), outcome: "held" } },
      expectedVersion: 0,
      audit: { subject: "test" },
    });
    expect((await world.advance(key)).reason).toContain("holds another");
    expect(toldOf()).toBe(1);
    world.github.merged.length = 0;
  });

  it("a key that another repository claimed", async () => {
    const key = "support_claimed";
    await world.opened.store.putRecord({
      kind: flagClaimKind,
      key: keyOfFlag(bindingName, key),
      value: { binding: bindingName, flagKey: key, repository: "acme/other", path: "x.yaml" },
      expectedVersion: 0,
      audit: { subject: "test" },
    });
    await world.approve(key, "approved-for-internal-canary");
    expect(await hold(key)).toContain("belongs to another repository now");
  });

  it("an unknown segment", async () => {
    const key = "support_segment";
    await world.approve(key, "approved-for-internal-canary", (text) =>
      text.replace("[regulated-region, enterprise-legal-review]", "[nowhere]"),
    );
    expect(await hold(key)).toContain("no audience nowhere");
  });
});

describe("the policy of the default branch", () => {
  const policy = (safe: string, mode = "enforce"): string =>
    [
      "version: 1",
      "audiences:",
      "  internal-support:",
      "    internal: true",
      "  regulated-region:",
      `    safe: [{ property: region, in: [${safe}] }]`,
      `mode: ${mode}`,
      "",
    ].join("\n");

  it("what it excludes beyond the approved is applied by the next look, what it exposes beyond is not", async () => {
    const key = "support_sharper";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    const before = world.flag(key).rules.length;
    world.github.files.set(".github/routeward.yml", policy("eu"));
    expect((await world.advance(key)).state).toBe("live");
    const rules = world.flag(key).rules;
    expect(rules.length).toBe(before + 1);
    expect(rules.find((rule) => rule.name?.includes("policy now"))?.conditions?.[0]).toMatchObject({
      op: "NotOneOf",
      value: '["eu"]',
    });
    // The policy's internal audience is everybody now; the approved one stays.
    expect(rules.find((rule) => rule.name?.includes("internal-support"))?.conditions?.length).toBe(1);
    world.github.files.delete(".github/routeward.yml");
  });

  it("in report mode no flag moves, and an unreadable policy holds", async () => {
    const key = "support_report";
    await world.approve(key, "approved-for-internal-canary");
    world.github.files.set(".github/routeward.yml", policy("eu", "report"));
    expect((await world.advance(key)).reason).toContain("report mode");
    world.github.files.set(".github/routeward.yml", "version: [");
    expect((await world.advance(key)).reason).toContain("cannot be read");
    expect(world.simulator.findFlag(world.environment.id, key)).toBeUndefined();
    world.github.files.delete(".github/routeward.yml");
  });
});

it("a rollback waits for nobody but FeatBit, even when a later merge is approved already", async () => {
  const key = "support_no_github";
  await world.approve(key, "approved-for-internal-canary");
  await world.advance(key);
  await world.rollBack(key);
  await world.approve(key, "approved-for-internal-canary");
  const away: typeof world.ports = {
    ...world.ports,
    github: {
      ...world.ports.github,
      openRepository: () =>
        Promise.reject(new GitHubError("away", { kind: "unavailable", status: 0, retryable: true })),
    },
  };
  await expect(world.advance(key, away)).rejects.toThrow("away");
  expect(world.flag(key).isEnabled).toBe(false);
  expect((await world.advance(key)).state).toBe("live");
});

describe("a rehearsal", () => {
  const bundlesOf = async (key: string) => {
    const approved = await world.approve(key, "approved-for-internal-canary");
    const read = readApprovedContent(approved);
    if (!read.ok || read.content.record.candidate === null) throw new Error("unreadable");
    const { record } = read.content;
    return {
      binding: bindingName,
      flagKey: key,
      flagType: record.flagType,
      baseline: { bundle: record.baseline, digest: approved.baselineDigest },
      candidate: { bundle: read.content.record.candidate, digest: approved.candidateDigest ?? "" },
      repository: "acme/support-routes",
      by: "@ann",
    };
  };

  it("proves candidate and way back on a disposable flag, times both, records it and leaves nothing behind", async () => {
    const request = await bundlesOf("support_rehearsed");
    const rehearsal = await rehearse(request, world.ports, world.now);
    expect(rehearsal).toMatchObject({ ok: true, candidateDigest: request.candidate.digest });
    expect(rehearsal.backMs).toBeLessThan(1_000);
    const key = keyOfRehearsal(bindingName, "support_rehearsed", request.candidate.digest);
    expect((await world.opened.store.getRecord(rehearsalKind, key))?.value.ok).toBe(true);
    expect(world.simulator.findFlag(world.environment.id, "support_rehearsed__rehearsal")).toBeUndefined();
  });

  it("removes what an interrupted one left, and can be made again", async () => {
    const request = await bundlesOf("support_interrupted");
    const flags = {
      ...world.flags,
      toggle: () => Promise.reject(new Error("killed")),
      deleteFlag: () => Promise.reject(new Error("killed")),
    };
    const dying = { ...world.ports, flags: new Map([[bindingName, flags]]) };
    await expect(rehearse(request, dying, world.now)).rejects.toThrow("killed");
    expect(world.flag("support_interrupted__rehearsal").isEnabled).toBe(true);
    expect((await rehearse(request, world.ports, world.now)).ok).toBe(true);
    expect((await rehearse(request, world.ports, world.now)).ok).toBe(true);
    expect(world.simulator.findFlag(world.environment.id, "support_interrupted__rehearsal")).toBeUndefined();
  });
});

it("a flag that the operator handed over is moved from its own contents, without a moment in which its rules name nothing", async () => {
  const key = "support_adopted";
  world.createByHand(key);
  expect(await adoptFlag({ binding: bindingName, flagKey: key, by: "operator" }, world.ports, world.now)).toEqual({
    ok: true,
  });
  await world.approve(key, "approved-for-internal-canary");
  expect(await world.advance(key)).toMatchObject({ state: "live", reason: "" });
  expect(world.flag(key).variations.map((variation) => variation.name)).toEqual(["baseline", "candidate", "shadow"]);
});

it("nothing that was sent or answered broke FeatBit's contract, and the store proves itself", async () => {
  expect(world.simulator.violations).toEqual([]);
  expect(await world.opened.store.verifyStore()).toEqual([]);
  expect(await world.opened.store.openIntents("flag/")).toEqual([]);
});
