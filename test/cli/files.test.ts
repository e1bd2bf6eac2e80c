import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { callCli, makeClone, type Clone } from "./command-line.ts";
import { examplePath, makeExampleClone, readExample } from "./example-clone.ts";

const clones: Clone[] = [];
afterEach(() => {
  for (const clone of clones.splice(0)) clone.close();
});
const start = (files: Readonly<Record<string, string>> = {}): Clone => {
  const clone = makeClone(files);
  clones.push(clone);
  return clone;
};
const read = (clone: Clone, path: string): string => readFileSync(join(clone.folder, path), "utf8");

describe("init", () => {
  it("makes files that lint finds nothing in and check can judge", async () => {
    const clone = start({ "src/answer.ts": 'call({ model: "gpt-4o-2024-08-06" });\n' });
    const made = await callCli(clone.folder, ["init", "--owner", "@acme/platform", "--flag-key", "support_answer"]);
    expect(made.code).toBe(0);
    expect(made.stdout).toContain("The baseline is gpt-4o-2024-08-06, named at src/answer.ts:1");
    const lint = await callCli(clone.folder, ["lint", "--strict"]);
    expect(lint).toEqual({ code: 0, stdout: "3 files: 0 errors, 0 warnings\n", stderr: "" });
    const check = await callCli(clone.folder, ["check", "--own-rules", "--approve", "@ann:file-owner"]);
    expect(check.stdout).toMatch(/^Low risk: approved by file-owner\n/);
    expect(check.code).toBe(0);
    expect((await callCli(clone.folder, ["explain", "support_answer"])).code).toBe(0);
  });

  it("works where no model is named and nothing was committed", async () => {
    const clone = start();
    const { stdout } = await callCli(clone.folder, ["init"]);
    expect(stdout).toContain("No known model id was found");
    expect((await callCli(clone.folder, ["lint"])).code).toBe(0);
  });

  it("adds only the lines that CODEOWNERS lacks and takes its owners", async () => {
    const before = "* @acme/everyone\r\n/.github/roles/security-owner/ @acme/security";
    const clone = start({ CODEOWNERS: before });
    await callCli(clone.folder, ["init"]);
    const text = read(clone, "CODEOWNERS");
    expect(text.startsWith(`${before}\r\n\r\n`)).toBe(true);
    expect(text.match(/security-owner\/ /g)).toHaveLength(1);
    expect(text).toMatch(/\/\.github\/roles\/release-owner\/ +@acme\/everyone/);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
    const again = await callCli(clone.folder, ["init"]);
    expect(again.stdout.match(/^kept {6}/gm)).toHaveLength(3);
    expect(read(clone, "CODEOWNERS")).toBe(text);
  });

  it("never overwrites silently, and with --force only its own files", async () => {
    const clone = start({ ".github/routeward.yml": "version: 1\n# mine\n" });
    await callCli(clone.folder, ["init"]);
    expect(read(clone, ".github/routeward.yml")).toContain("# mine");
    const forced = await callCli(clone.folder, ["init", "--force"]);
    expect(forced.stdout).toContain("replaced  .github/routeward.yml");
    expect(read(clone, ".github/routeward.yml")).not.toContain("# mine");
  });

  it("writes nothing with --dry-run", async () => {
    const clone = start({ "README.md": "x\n" });
    const { stdout } = await callCli(clone.folder, ["init", "--dry-run"]);
    expect(stdout).toContain("would create .github/routeward.yml\n    # The rules");
    expect(clone.git("status", "--porcelain")).toBe("");
  });

  it("writes through no symbolic link", async () => {
    const clone = start({ "README.md": "x\n", "elsewhere/keep.txt": "x\n" });
    symlinkSync("elsewhere", join(clone.folder, "model-routes"));
    const { code, stderr } = await callCli(clone.folder, ["init"]);
    expect(code).toBe(2);
    expect(stderr).toContain("model-routes is a symbolic link; nothing is written through it");
  });

  it("keeps a repository's own route files", async () => {
    const clone = start({ "model-routes/a.yaml": readExample("support-answer.yaml") });
    const { stdout } = await callCli(clone.folder, ["init"]);
    expect(stdout).toContain("kept      model-routes/a.yaml: the repository has route files already");
  });
});

describe("lint", () => {
  const broken = `${readExample("support-answer-full.yaml")}  promtVersion: x\n`;

  it("reports problems of every kind of file, each on its line, in order", async () => {
    const clone = start({
      ".github/CODEOWNERS": "* @acme/everyone\n!x @acme/x\n",
      ".github/routeward.yml": "version: 1\nmodes: enforce\n",
      "model-routes/a.yaml": broken,
      "model-routes/evidence/eval.yaml": "id: other\nkind: offline-eval\n",
    });
    const { code, stdout } = await callCli(clone.folder, ["lint"]);
    expect(code).toBe(1);
    const heads = stdout.split("\n").filter((line) => /^\S+:\d+:\d+: /.test(line));
    expect(heads.map((line) => line.split(": ").slice(0, 2).join(": "))).toEqual([
      ".github/CODEOWNERS:2:1: warning codeowners-invalid-pattern",
      ".github/routeward.yml:2:1: error unknown-key",
      `model-routes/a.yaml:${broken.split("\n").length - 1}:3: error unknown-key`,
      "model-routes/evidence/eval.yaml:1:5: error evidence-id",
    ]);
    expect(stdout).toContain("mend:");
  });

  it("looks only at the paths that are named", async () => {
    const clone = start({
      ".github/routeward.yml": "modes: x\n",
      "model-routes/a.yaml": broken,
      "other/b.yaml": "x: 1\n",
    });
    const one = await callCli(clone.folder, ["lint", "model-routes", "--json"]);
    const parsed = JSON.parse(one.stdout) as { errors: number; problems: { path: string }[] };
    expect(parsed.problems.map(({ path }) => path)).toEqual(["model-routes/a.yaml"]);
    const other = await callCli(clone.folder, ["lint", "other/b.yaml"]);
    expect({ code: other.code, isFound: other.stdout.includes("other/b.yaml:1:1: error no-record") }).toEqual({
      code: 1,
      isFound: true,
    });
  });

  it("warns of evidence that is not there yet, which only --strict refuses", async () => {
    const clone = start({
      "model-routes/a.yaml": readExample("support-answer-full.yaml"),
      "prompts/support/v3.md": "Answer.\n",
    });
    const { code, stdout } = await callCli(clone.folder, ["lint"]);
    expect(code).toBe(0);
    expect(stdout).toContain("warning evidence-missing");
    expect((await callCli(clone.folder, ["lint", "--strict"])).code).toBe(1);
  });

  it("gives SARIF", async () => {
    const clone = start({ "model-routes/ü a.yaml": broken });
    const { code, stdout } = await callCli(clone.folder, ["lint", "--sarif"]);
    expect(code).toBe(1);
    expect(stdout).toContain('"uri": "model-routes/%C3%BC%20a.yaml"');
  });
});

describe("digest", () => {
  it("prints the candidate's digest alone, as evidence carries it", async () => {
    const clone = makeExampleClone();
    clones.push(clone);
    const { code, stdout } = await callCli(clone.folder, ["digest", examplePath, "--candidate"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mrb1:sha256:[0-9a-f]{64}\n$/);
    const check = await callCli(clone.folder, ["check"]);
    expect(check.stdout).toContain(`candidate digest: ${stdout.trim()}`);
    const all = JSON.parse((await callCli(clone.folder, ["digest", "--json"])).stdout) as {
      routes: { candidate: string }[];
    };
    expect(all.routes.map(({ candidate }) => candidate)).toEqual([stdout.trim()]);
  });

  it("of nothing is no digest: one that is asked for alone ends with 1", async () => {
    const clone = start({ "README.md": "x\n" });
    const alone = await callCli(clone.folder, ["digest", "--candidate"]);
    expect(alone).toEqual({ code: 1, stdout: "", stderr: "routeward: there is no route file\n" });
    expect((await callCli(clone.folder, ["digest"])).code).toBe(0);
  });

  it("ends with 1 when a named file is missing, and says which", async () => {
    const clone = start({ "model-routes/a.yaml": readExample("support-answer-full.yaml") });
    const { code, stderr } = await callCli(clone.folder, ["digest"]);
    expect(code).toBe(1);
    expect(stderr).toContain("named-file-missing");
  });
});
