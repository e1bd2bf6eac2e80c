import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderTransitions } from "../../src/core/rollout/transitions.ts";
import { callCli, type Clone } from "./command-line.ts";
import { exampleFlag, examplePath, makeExampleClone, readExample } from "./example-clone.ts";

let clone: Clone;
beforeEach(() => {
  clone = makeExampleClone();
});
afterEach(() => clone.close());

describe("explain", () => {
  it("prints the tree of reasons and the nine lines of the checklist", async () => {
    const { code, stdout } = await callCli(clone.folder, ["explain"]);
    expect(code).toBe(0);
    expect(stdout).toContain("the roles that must approve");
    const [, list = ""] = stdout.split("Before production exposure\n");
    expect(list.split("\n\nAssumed")[0]?.match(/^ {2}[✓…✗·] /gm)).toHaveLength(9);
  });

  it("gives the checklist's states as JSON", async () => {
    const { stdout } = await callCli(clone.folder, ["explain", exampleFlag, "--json"]);
    const { routes } = JSON.parse(stdout) as { routes: { checklist: { mark: string; asks: string }[] }[] };
    const marks = Object.fromEntries((routes[0]?.checklist ?? []).map(({ asks, mark }) => [asks, mark]));
    expect(marks).toMatchInlineSnapshot(`
      {
        "baseline, candidate, owner, workflow and first audience are recorded": "ok",
        "cleanup or permanence is decided before broad rollout": "ok",
        "evidence fits the tier": "bad",
        "exposure starts with a named audience or share": "ok",
        "guardrails cover quality, latency, cost, fallback, safety and the business outcome": "ok",
        "reviewers fit the risk": "waiting",
        "rollback returns to a known baseline without a redeploy": "waiting",
        "the audit connects approval, flag variation, stage, reviewer and evidence": "ok",
        "the route is controlled at run time": "ok",
      }
    `);
  });

  it("explains a route that the branch leaves alone, as if it were proposed now", async () => {
    clone.git("checkout", "-q", "main");
    clone.git("merge", "-q", "canary");
    const { code, stdout } = await callCli(clone.folder, ["explain", exampleFlag]);
    expect(code).toBe(0);
    expect(stdout).toContain(`the branch does not change ${exampleFlag}`);
    expect(stdout).toContain("Before production exposure");
  });

  it("names the routes where the branch changes none", async () => {
    clone.git("checkout", "-q", "main");
    clone.git("merge", "-q", "canary");
    const { stdout } = await callCli(clone.folder, ["explain"]);
    expect(stdout).toContain(`Routes that can be named: ${exampleFlag}\n`);
  });

  it("suggests a flag key", async () => {
    const { code, stderr } = await callCli(clone.folder, ["explain", "support_answer_model_rout"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`did you mean ${exampleFlag}?`);
  });

  it("prints the transition table by which a rollout moves", async () => {
    const { stdout } = await callCli("/", ["explain", "--transitions"]);
    expect(stdout).toBe(renderTransitions());
  });
});

describe("simulate", () => {
  const simulate = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    callCli(clone.folder, ["simulate", ...args]);

  it("finds no difference where nothing is supposed", async () => {
    const { stdout } = await simulate();
    expect(stdout).toContain("Nothing would differ");
  });

  it.each<[string, string[], string[]]>([
    [
      "a field that is set moves the tier's rules",
      ["--set", "candidate.model=gpt-4o-mini-2024-07-18", "--set", "candidate.provider=openai"],
      ["- support_answer_model_route: rule provider-switched: high"],
    ],
    [
      "a status that is set asks for a later stage",
      ["--set", "approval.status=approved-as-default"],
      ["stage: internal-canary -> default"],
    ],
    [
      "a list is set in YAML",
      ["--set", "dataClasses=[regulated]"],
      ["+ support_answer_model_route: rule restricted-data: restricted"],
    ],
    ["a field that is removed", ["--unset", "rollback"], ["gate complete-record"]],
    ["a field that is none is a problem", ["--set", "promtVersion=1"], ["tier"]],
    ["a rehearsal opens its gate", ["--rehearsed"], ["gate rehearsal: waiting", "-> ok: rehearsed"]],
    ["an approval fills its role", ["--approve", "@petra:product-owner"], ["role product-owner: waiting -> approved"]],
    [
      "soak and readings open the next stage's gates",
      [
        "--set",
        "approval.status=approved-for-customer-canary",
        "--live",
        "internal-canary",
        "--soaked",
        "30h",
        "--reading",
        "p95 latency=2.1@5000",
      ],
      ["gate previous-stage-soaked: ok", "guardrail p95 latency: inconclusive -> "],
    ],
  ])("%s", async (_name, args, expected) => {
    const { stdout, stderr } = await simulate(...args);
    expect(stderr).toBe("");
    for (const text of expected) expect(stdout).toContain(text);
    expect(clone.git("status", "--porcelain")).toBe("");
  });

  it.each<[string, string[], string]>([
    ["a field that is not there makes no difference by going", ["--unset", "owner.name.first"], "Nothing would differ"],
    ["a record takes the place of an id in a list", ["--set", "approval.evidence.0.id=x"], "evidence x"],
  ])("%s", async (_name, args, expected) => {
    const { stdout, stderr } = await simulate(...args);
    expect(stderr).toBe("");
    expect(stdout).toContain(expected);
  });

  it.each<[string, string[], string]>([
    ["a name in a list", ["--set", "exposure.plan.first=1"], "exposure.plan is a list: name a position"],
    ["a field of an alias", ["--set", "candidate.model=x"], "candidate is an alias"],
    ["a route that is misspelt", ["--set", "owner=x", "--route", "suport_answer_model_route"], "did you mean"],
  ])("%s is refused with exit code 2 and one plain sentence", async (_name, args, message) => {
    const aliased = readExample("support-answer-full.yaml")
      .replace("baseline:", "baseline: &served")
      .replace(/\n {2}candidate:[\s\S]*?\n {2}approval:/, "\n  candidate: *served\n  approval:");
    clone.commit("The candidate is the baseline", { [examplePath]: aliased });
    const { code, stdout, stderr } = await simulate(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("ends with 0 when it would be approved", async () => {
    const { code, stdout } = await simulate(
      "--set",
      "approval.status=approved-for-testing",
      "--approve",
      "@petra:file-owner",
      "--card",
    );
    expect(stdout).toContain("supposed  Low risk: approved by file-owner");
    expect(code).toBe(0);
  });
});

describe("replay", () => {
  const history = (): void => {
    clone.git("checkout", "-q", "main");
    clone.git("merge", "-q", "--no-ff", "-m", "Merge pull request #12 from acme/canary", "canary");
    clone.commit("Unrelated (#13)", { "other.txt": "x\n" });
    const warmer = readExample("support-answer-full.yaml").replaceAll("temperature: 0.2", "temperature: 0.4");
    clone.commit("Warmer answers (#14)", { [examplePath]: warmer });
    clone.write({
      ".git/stricter.yml": `${readExample("routeward.yml")}\ntiers:\n  - { id: support-is-restricted, tier: restricted, why: "support talks to customers", when: { workflows: [support-answer] } }\n`,
    });
  };

  it("shows what another policy would have said of past merges", async () => {
    history();
    const { code, stdout } = await callCli(clone.folder, ["replay", "--policy", ".git/stricter.yml"]);
    expect(code).toBe(0);
    expect(stdout).toContain("#12 Merge pull request #12");
    expect(stdout).toContain("#14 Warmer answers");
    expect(stdout).not.toContain("#13");
    expect(stdout).toContain("rule support-is-restricted: restricted");
    expect(stdout).toMatch(/2 of \d merges that concern routes would differ \(\d commits looked at\)/);
  });

  it("finds no difference in the policy that was in force, and --exit-code tells", async () => {
    history();
    clone.write({ ".git/same.yml": readExample("routeward.yml") });
    const same = await callCli(clone.folder, ["replay", "--policy", ".git/same.yml", "--last", "2", "--exit-code"]);
    expect(same.stdout).toBe("0 of 1 merges that concern routes would differ (2 commits looked at)\n");
    expect(same.code).toBe(0);
    const other = await callCli(clone.folder, ["replay", "--policy", ".git/stricter.yml", "--exit-code", "--json"]);
    expect(other.code).toBe(1);
    const { merges } = JSON.parse(other.stdout) as { merges: { pull: number | null; tried: { tier: string } }[] };
    expect(merges[0]).toMatchObject({ pull: 14, tried: { tier: "restricted" } });
  });

  it("refuses a policy that is wrong, with its problems", async () => {
    clone.write({ ".git/wrong.yml": "modes: x\n" });
    const { code, stderr } = await callCli(clone.folder, ["replay", "--policy", ".git/wrong.yml"]);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown-key");
  });
});
