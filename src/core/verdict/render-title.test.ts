import { describe, expect, it } from "vitest";
import type { RequirementState } from "../reviewers/requirement.ts";
import { renderTitle } from "./render-title.ts";
import type { GatewayVerdict, GovernanceVerdict, Reason, RouteVerdict, Verdict } from "./verdict.ts";

type Titled = Parameters<typeof renderTitle>[0];

const role = (name: string, state: RequirementState["state"] = "waiting"): RequirementState => ({
  requirement: { role: name, count: 1, owners: [], source: "", focus: "", because: [], missing: null },
  state,
  filledBy: [],
  explanation: "",
});
// The title looks at nothing else of what was judged.
const route = (...requirements: RequirementState[]): RouteVerdict => ({ requirements }) as unknown as RouteVerdict;
const gateway = (...requirements: RequirementState[]): GatewayVerdict =>
  ({ requirements }) as unknown as GatewayVerdict;
const rules = (...requirements: RequirementState[]): GovernanceVerdict =>
  ({ requirements }) as unknown as GovernanceVerdict;
const reason = (state: Reason["state"], text: string): Reason => ({
  code: text,
  state,
  text,
  place: null,
  children: [],
});

const title = (changes: Partial<Verdict>): string => {
  const bare: Titled = {
    state: "waiting",
    tier: "high",
    routes: [route(role("product-owner"))],
    gateways: [],
    governance: null,
    problems: [],
    reasons: [],
    next: ["First.", "Second."],
    mode: "enforce",
    policyDigest: "p",
  };
  return renderTitle({ ...bare, ...changes });
};

describe("the title of a check run", () => {
  it.each<[string, Partial<Verdict>, string]>([
    ["for whom it waits", {}, "High risk: waiting for product-owner (0 of 1 role approved)"],
    [
      "each role once, and how many are done over routes, gateway files and rules",
      {
        routes: [route(role("product-owner"), role("finance-owner", "approved")), route(role("product-owner"))],
        gateways: [gateway(role("operations-owner"))],
        governance: rules(role("policy-owner", "approved")),
      },
      "High risk: waiting for product-owner, operations-owner (2 of 5 roles approved)",
    ],
    [
      "what the whole waits for before whom it waits for",
      { reasons: [reason("info", "news"), reason("waiting", "it is a draft"), reason("waiting", "later")] },
      "High risk: waiting: it is a draft",
    ],
    [
      "what is next where no role is missing",
      { routes: [route(role("product-owner", "approved"))] },
      "High risk: waiting: First.",
    ],
    [
      "that nothing is left where nobody says what to do",
      { routes: [route(role("product-owner", "approved"))], next: [] },
      "High risk: waiting: nothing is left to do",
    ],
    [
      "the only role",
      { state: "approved", routes: [route(role("file-owner", "approved"))] },
      "High risk: approved by file-owner",
    ],
    [
      "how many roles",
      {
        state: "approved",
        routes: [route(role("file-owner", "approved"))],
        governance: rules(role("policy-owner", "approved")),
      },
      "High risk: approved by all 2 roles",
    ],
    ["what is invalid in a route", { state: "invalid" }, "High risk: invalid: First."],
    [
      "what is invalid in a gateway's file",
      { state: "invalid", routes: [], gateways: [gateway(role("x"))] },
      "High risk: invalid: First.",
    ],
    [
      "what is invalid in the rules",
      { state: "invalid", routes: [], governance: rules(role("x")) },
      "High risk: invalid: First.",
    ],
    ["what blocks", { state: "blocked" }, "High risk: blocked: First."],
    [
      "what blocks although nothing could be read of a route",
      { state: "blocked", routes: [], tier: "low" },
      "Low risk: blocked: First.",
    ],
    ["no tier where nothing could be read", { state: "invalid", routes: [] }, "Invalid: First."],
    [
      "that nothing could be read and is only reported",
      { state: "invalid", routes: [], mode: "report" },
      "Invalid (report only): First.",
    ],
    [
      "that it could not be read, where nobody says why",
      { state: "invalid", routes: [], next: [] },
      "Invalid: the files cannot be read",
    ],
    ["one line", { state: "blocked", next: ["one\n\n  two\tthree"] }, "High risk: blocked: one two three"],
    ["one line of what is invalid", { state: "invalid", routes: [], next: ["one\n\n  two"] }, "Invalid: one two"],
  ])("tells %s", (_name, changes, expected) => {
    expect(title(changes)).toBe(expected);
  });

  it.each(["blocked", "invalid"] as const)("is no longer than GitHub takes when it is %s", (state) => {
    const long = title({ state, routes: [], next: ["x".repeat(1000)] });
    expect(long.length).toBeLessThanOrEqual(255);
    expect(long.length).toBeGreaterThan(240);
  });
});
