import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { callCli, makeClone, type Clone } from "./command-line.ts";
import { makeExampleClone, readExample } from "./example-clone.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const keep = (clone: Clone): Clone => {
  opened.push(() => clone.close());
  return clone;
};

const commands: Readonly<Record<string, readonly string[]>> = {
  lint: ["lint"],
  check: ["check"],
  json: ["check", "--json"],
  sarif: ["check", "--sarif"],
  explain: ["explain"],
  digest: ["digest"],
  simulate: ["simulate"],
  replay: ["replay", "--policy", "policy-to-try.yml"],
};

/** Exit codes of all commands that judge, in the order of `commands`. */
type Codes = readonly [
  lint: number,
  check: number,
  json: number,
  sarif: number,
  explain: number,
  digest: number,
  simulate: number,
  replay: number,
];

const onMain = (files: Readonly<Record<string, string>>): Clone => keep(makeClone({ "README.md": "x\n", ...files }));

describe("wherever it is started, every command answers in words and by its exit code", () => {
  it.each<[string, () => string, Codes]>([
    [
      "a folder that is no repository",
      () => {
        const folder = mkdtempSync(join(tmpdir(), "cli-test-"));
        opened.push(() => rmSync(folder, { recursive: true, force: true }));
        return folder;
      },
      [2, 2, 2, 2, 2, 2, 2, 2],
    ],
    [
      "a bare repository",
      () => {
        const clone = onMain({});
        clone.git("config", "core.bare", "true");
        return join(clone.folder, ".git");
      },
      [2, 2, 2, 2, 2, 2, 2, 2],
    ],
    ["a repository without files and commits", () => keep(makeClone()).folder, [0, 0, 0, 0, 0, 0, 0, 0]],
    ["a repository without routes", () => onMain({}).folder, [0, 0, 0, 0, 0, 0, 0, 0]],
    [
      "a detached head with a route",
      () => {
        const clone = keep(makeExampleClone());
        clone.git("checkout", "-q", "--detach");
        return clone.folder;
      },
      [0, 1, 1, 1, 0, 0, 1, 0],
    ],
    [
      "a clone whose default branch has another name",
      () => {
        const clone = keep(makeExampleClone());
        clone.git("branch", "-m", "main", "trunk");
        return clone.folder;
      },
      [0, 2, 2, 2, 2, 0, 2, 2],
    ],
    [
      "a repository whose only branch has another name",
      () => {
        const clone = onMain({});
        clone.git("branch", "-m", "main", "trunk");
        clone.write({ "model-routes/a.yaml": readExample("support-answer.yaml") });
        return clone.folder;
      },
      [0, 1, 1, 1, 0, 0, 1, 0],
    ],
    [
      "a pipeline's clone of the last commit of one branch",
      () => {
        const clone = keep(makeExampleClone());
        clone.git("checkout", "-q", "main");
        clone.git("clone", "-q", "--depth", "1", "--branch", "canary", `file://${clone.folder}`, "shallow");
        return join(clone.folder, "shallow");
      },
      [0, 2, 2, 2, 2, 0, 2, 2],
    ],
    [
      "a route file that is no YAML",
      () => {
        const clone = onMain({});
        clone.write({ "model-routes/a.yaml": "model_change: [\n" });
        return clone.folder;
      },
      [1, 1, 1, 1, 0, 1, 1, 0],
    ],
    [
      "a policy in force that is no YAML",
      () => {
        const clone = onMain({ ".github/routeward.yml": "{\n" });
        clone.write({ "model-routes/a.yaml": readExample("support-answer.yaml") });
        return clone.folder;
      },
      [1, 1, 1, 1, 0, 0, 1, 0],
    ],
    [
      "a policy in force that is empty",
      () => {
        const clone = onMain({ ".github/routeward.yml": "" });
        clone.write({ "model-routes/a.yaml": readExample("support-answer.yaml") });
        return clone.folder;
      },
      [1, 1, 1, 1, 0, 0, 1, 0],
    ],
    [
      "a route without policy and CODEOWNERS",
      () => {
        const clone = onMain({});
        clone.write({ "model-routes/a.yaml": readExample("support-answer.yaml") });
        return clone.folder;
      },
      [0, 1, 1, 1, 0, 0, 1, 0],
    ],
  ])("%s", async (_name, make, codes) => {
    const folder = make();
    const tried = keep(makeClone());
    tried.write({ "policy-to-try.yml": readExample("routeward.yml") });
    const found: Record<string, number> = {};
    for (const [name, args] of Object.entries(commands)) {
      const own = args.map((arg) => (arg === "policy-to-try.yml" ? join(tried.folder, arg) : arg));
      const { code, stdout, stderr } = await callCli(folder, own);
      found[name] = code;
      expect(`${name}: ${stdout}${stderr}`).not.toMatch(/should not happen|\n\s+at .+:\d+:\d+/);
      expect({ isMute: stdout + stderr === "", isAnswer: code === 2 && stdout !== "" }).toEqual({
        isMute: false,
        isAnswer: false,
      });
    }
    expect(Object.values(found)).toEqual(codes);
  });
});

it.each<[string, (clone: Clone) => void, string]>([
  [
    "where the branch began is not in a shallow clone",
    (clone) => {
      clone.git("clone", "-q", "--depth", "1", "--no-single-branch", `file://${clone.folder}`, "copy");
    },
    "this clone is shallow and lacks the commit where the branch began",
  ],
  [
    "files are not in a partial clone",
    (clone) => {
      clone.git("config", "uploadpack.allowFilter", "true");
      clone.git("clone", "-q", "--filter=blob:none", "--no-checkout", `file://${clone.folder}`, "copy");
      clone.git("-C", "copy", "reset", "-q");
    },
    "this clone lacks objects that the merge needs",
  ],
])("what %s is no conflict", async (_name, copy, message) => {
  const clone = keep(makeExampleClone());
  clone.git("checkout", "-q", "main");
  clone.commit("Another prompt", { "prompts/support/v3.md": "Answer.\n" });
  clone.git("checkout", "-q", "canary");
  clone.commit("A prompt of ours", { "prompts/support/v3.md": "Answer politely.\n" });
  copy(clone);
  const { code, stdout, stderr } = await callCli(join(clone.folder, "copy"), [
    "check",
    "--committed",
    "--base",
    "origin/main",
  ]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});
