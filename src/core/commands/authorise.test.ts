import { describe, expect, it } from "vitest";
import type { Account, OwnerFacts } from "../facts.ts";
import { parseCodeowners } from "../reviewers/parse-codeowners.ts";
import { authorise, findAuthority } from "./authorise.ts";
import { commandVerbs, type CommandVerb } from "./command.ts";

const account = (id: number, login: string, isBot = false): Account => ({ id, login, isBot });
const release = account(1, "rel");
const platform = account(2, "plat");
const fileOwner = account(3, "owner");
const writer = account(4, "writer");
const stranger = account(5, "stranger");
const owners: OwnerFacts[] = [
  { kind: "team", name: "@acme/release", slug: "release", canWrite: true, members: [release] },
  { kind: "user", name: "@plat", account: platform, canWrite: true },
  { kind: "user", name: "@owner", account: fileOwner, canWrite: true },
];
const text = `/model-routes/ @owner
/.github/roles/release-owner/ @acme/release
/.github/roles/ai-platform-owner/ @plat`;
const parse = (text: string): ReturnType<typeof parseCodeowners> =>
  parseCodeowners({ kind: "text", path: "CODEOWNERS", text });
const authority = findAuthority(parse(text), { roles: {} }, "model-routes/a.yaml");

describe("who may give which command", () => {
  it.each<[CommandVerb, string[]]>([
    ["status", ["rel", "plat", "owner", "writer", "stranger"]],
    ["explain", ["rel", "plat", "owner", "writer", "stranger"]],
    ["help", ["rel", "plat", "owner", "writer", "stranger"]],
    ["recheck", ["rel", "plat", "owner", "writer"]],
    ["rehearse", ["plat"]],
    ["promote", ["rel"]],
    ["resume", ["rel"]],
    ["pause", ["rel", "plat", "owner"]],
    ["rollback", ["rel", "plat", "owner"]],
  ])("%s: %j", (verb, expected) => {
    const everybody = [release, platform, fileOwner, writer, stranger];
    const allowed = everybody.filter(
      (account) => authorise(verb, { account, canWrite: account !== stranger }, authority, owners).kind === "allowed",
    );
    expect(allowed.map(({ login }) => login)).toEqual(expected);
  });

  it.each(commandVerbs)("no bot may %s", (verb) => {
    const bot = account(1, "rel", true);
    expect(authorise(verb, { account: bot, canWrite: true }, authority, owners).kind).toBe("refused");
  });

  it("a refusal says who may", () => {
    expect(authorise("promote", { account: writer, canWrite: true }, authority, owners)).toEqual({
      kind: "refused",
      why: "@writer is not release-owner of this route",
      whoMay: "release-owner (@acme/release)",
    });
    expect(authorise("recheck", { account: stranger, canWrite: false }, authority, owners)).toEqual({
      kind: "refused",
      why: "@stranger has no write access to the repository",
      whoMay: "anybody with write access",
    });
  });

  it("the file's owners do not promote where no release owner is named", () => {
    const alone = findAuthority(parse("* @owner"), { roles: {} }, "model-routes/a.yaml");
    const asked = { account: fileOwner, canWrite: true };
    expect(authorise("rollback", asked, alone, owners).kind).toBe("allowed");
    expect(authorise("promote", asked, alone, owners)).toMatchObject({
      kind: "refused",
      whoMay: expect.stringContaining("release-owner (nobody: no line of CODEOWNERS names release-owner") as string,
    });
  });

  it("the policy may name who promotes", () => {
    const byPolicy = findAuthority(parse(text), { roles: { "release-owner": ["@plat"] } }, "model-routes/a.yaml");
    expect(authorise("promote", { account: platform, canWrite: true }, byPolicy, owners).kind).toBe("allowed");
    expect(authorise("promote", { account: release, canWrite: true }, byPolicy, owners).kind).toBe("refused");
  });

  it.each<[string, OwnerFacts]>([
    ["without write access", { kind: "user", name: "@owner", account: fileOwner, canWrite: false }],
    ["who is unknown to GitHub", { kind: "unresolved", name: "@owner", why: "no such user" }],
    [
      "whose name another account took over",
      { kind: "user", name: "@owner", account: account(99, "owner"), canWrite: true },
    ],
  ])("an owner %s may not", (_name, facts) => {
    expect(authorise("pause", { account: fileOwner, canWrite: true }, authority, [facts]).kind).toBe("refused");
  });
});
