import { describe, expect, it } from "vitest";
import type { FileContent, FileFacts, TreeEntry } from "../facts.ts";
import { judge, buildFacts, buildSnapshot, codeownersText, policyText } from "./test-builders.ts";
import type { GovernanceVerdict } from "./verdict.ts";

const policyPath = ".github/routeward.yml";
const ownersPath = ".github/CODEOWNERS";

function edit(texts: Readonly<Record<string, string>>, changes: Partial<FileFacts> = {}): FileFacts {
  return buildFacts({
    head: buildSnapshot(texts),
    changes: { complete: true, files: [{ path: policyPath, previousPath: null, status: "modified" }] },
    ...changes,
  });
}

function governanceOf(facts: FileFacts): GovernanceVerdict {
  const { governance } = judge(facts);
  if (governance === null) throw new Error("no rule changes");
  return governance;
}

describe("an approval of rules is bound to", () => {
  const files = { [policyPath]: policyText, [ownersPath]: codeownersText, "src/a.ts": "1" };
  const changedOwners = { ...files, [ownersPath]: `${codeownersText}\n# more\n` };
  it.each<[string, "the same" | "another", FileFacts, FileFacts]>([
    ["the policy", "another", edit(files), edit({ ...files, [policyPath]: `${policyText}\n` })],
    ["CODEOWNERS beside it", "another", edit(files), edit(changedOwners)],
    ["no file that is no rule", "the same", edit(files), edit({ ...files, "src/a.ts": "2" })],
    ["no order of files", "the same", edit(files), edit(Object.fromEntries(Object.entries(files).toReversed()))],
    [
      "the rules by which it is judged",
      "another",
      edit(files),
      edit(files, {
        policy: { kind: "text", path: policyPath, text: `${policyText.slice(0, -1)},"onBreach":"rollback"}` },
      }),
    ],
    [
      "the owners who are asked",
      "another",
      edit(files),
      edit(files, {
        codeowners: { kind: "text", path: ownersPath, text: codeownersText.replace("@acme/governance", "@acme/else") },
      }),
    ],
  ])("%s", (_name, expected, before, after) => {
    const [one, other] = [governanceOf(before).contentDigest, governanceOf(after).contentDigest];
    expect(one).toMatch(/^sha256:/);
    expect(one === other ? "the same" : "another").toBe(expected);
  });

  it("nothing while an edit cannot be read", () => {
    expect(governanceOf(edit({ [policyPath]: "routes: [" })).contentDigest).toBeNull();
  });

  it("the rules, whatever they are only warned of", () => {
    const floor = { kind: "text" as const, path: policyPath, text: "evidenceMaxAge: 7d" };
    const weak = "version: 1\nevidenceMaxAge: 90d";
    const warned = governanceOf(
      edit({ [policyPath]: `${weak}\n` }, { floor, policy: { kind: "text", path: policyPath, text: weak } }),
    );
    expect(warned.problems.map(({ severity }) => severity)).toEqual(["warning"]);
    expect(warned.contentDigest).toMatch(/^sha256:/);
  });
});

describe("what an edit of the rules does wrong", () => {
  const withPolicyAs = (content: FileContent | undefined, mode: TreeEntry["mode"]): FileFacts => {
    const snapshot = buildSnapshot({ "README.md": "text" });
    const contents = content === undefined ? snapshot.contents : { ...snapshot.contents, [policyPath]: content };
    const entry = { path: policyPath, mode, oid: "0".repeat(40), size: 1 };
    return edit({}, { head: { ...snapshot, contents, entries: [...snapshot.entries, entry] } });
  };
  it.each<[string, FileFacts]>([
    ["deletes the policy", edit({ "README.md": "text" })],
    [
      "only touches CODEOWNERS",
      edit(
        { [policyPath]: "routes: [" },
        { changes: { complete: true, files: [{ path: ownersPath, previousPath: null, status: "modified" }] } },
      ),
    ],
  ])("is nothing when it %s", (_name, facts) => {
    expect(governanceOf(facts)).toMatchObject({ problems: [], state: "waiting" });
  });

  it.each<[string, FileFacts, RegExp]>([
    ["makes the policy a link", withPolicyAs({ kind: "symlink" }, "symlink"), /symlink/],
    ["makes the policy something that was not read", withPolicyAs(undefined, "file"), /it was not read/],
  ])("is an error when it %s", (_name, facts, expected) => {
    const { problems, state } = governanceOf(facts);
    expect(state).toBe("invalid");
    expect(JSON.stringify(problems.filter(({ severity }) => severity === "error"))).toMatch(expected);
  });
});
