import { spawn, spawnSync, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callCli, main, makeClone, runCommand, type Clone } from "./command-line.ts";

let clone: Clone;
beforeAll(() => {
  clone = makeClone({ "README.md": "# Shop\n" });
});
afterAll(() => clone.close());

const local = ["init", "lint", "check", "explain", "digest", "simulate", "replay"];
const operators = ["doctor", "status", "rollback", "rehearse", "cleanup", "adopt", "transfer"];
const commands = [...local, "serve", "worker", "demo", "audit", ...operators];

describe("help", () => {
  it.each(commands)("%s tells its usage and ends well", async (command) => {
    const { code, stdout, stderr } = await callCli(clone.folder, [command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^Usage: routeward ${command}`));
    expect((await callCli(clone.folder, ["help", command])).stdout).toBe(stdout);
  });

  it("lists every command", async () => {
    const { code, stdout } = await clone.run(["--help"]);
    expect(code).toBe(0);
    for (const command of commands) expect(stdout).toContain(`  ${command}`);
  });

  it("tells the version of package.json", async () => {
    const { code, stdout } = await clone.run(["--version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

it.each<[string, string[], string]>([
  ["no command", [], "Usage: routeward <command>"],
  ["a misspelt command is suggested", ["chekc"], 'unknown command "chekc"; did you mean check?'],
  ["a rollback without a flag", ["rollback", "acme"], "expected BINDING FLAGKEY"],
  ["a rollback without a reason", ["rollback", "acme", "a"], "--reason needs a text of at most 300 characters"],
  ["a binding that cannot be one", ["adopt", "Acme!", "a"], '"Acme!" is not the name of a binding'],
  ["a patience that is none", ["rehearse", "acme", "a", "--timeout", "2h"], "must be a duration up to 60m"],
  ["a pull request without a number", ["rehearse", "acme", "a", "--pr", "a/b"], "must be OWNER/NAME#NUMBER"],
  ["a holder without a path", ["transfer", "acme", "a", "--to", "a/b"], "must be OWNER/NAME:PATH"],
  ["a misspelt option is suggested", ["check", "--jsno"], "unknown option --jsno; did you mean --json?"],
  ["an option without its value", ["check", "--base"], "option --base needs a value"],
  ["an option where a value should be", ["check", "--base", "--json"], "option --base needs a value"],
  ["a value where none is taken", ["check", "--json=yes"], "option --json takes no value"],
  ["an argument too many", ["check", "here"], 'unexpected argument "here"'],
  ["two forms at once", ["check", "--json", "--sarif"], "--json and --sarif exclude each other"],
  ["an approval without a role", ["check", "--approve", "@ann"], "is not @user:role"],
  ["a base that is no commit", ["check", "--base", "nowhere"], "--base nowhere is no commit of this clone"],
  ["a base that looks like an option", ["check", "--base=--upload-pack=x"], "is no commit of this clone"],
  ["a time that is none", ["check", "--at", "tomorrow"], "--at tomorrow is not a time"],
  ["a pull request that is none", ["check", "--pr", "acme"], "is not OWNER/REPO#NUMBER"],
  [
    "local options with a pull request",
    ["check", "--pr", "a/b#1", "--base", "main"],
    "--base is about the local branch",
  ],
  ["a policy that is not there", ["check", "--policy", "none.yml"], "none.yml cannot be read"],
  ["a configuration that is none", ["check", "--config", "README.md"], "is not an operator's configuration"],
  ["a path that does not exist", ["lint", "nowhere.yaml"], "there is no nowhere.yaml"],
  ["a path outside of the repository", ["lint", "../x.yaml"], "../x.yaml lies outside of the repository"],
  ["a digest of nothing", ["digest", "nowhere.yaml"], "there is no nowhere.yaml"],
  ["a route that does not exist", ["explain", "nothing"], "has the flagKey nothing"],
  ["a field that is no path", ["simulate", "--set", "=1"], "is not FIELD=VALUE"],
  ["a stage that is none", ["simulate", "--live", "canary"], "--live canary is not one of"],
  ["a soak that is no duration", ["simulate", "--soaked", "long"], "is not a duration"],
  ["a replay without a policy", ["replay"], "--policy FILE is needed"],
  ["an audit command that is none", ["audit", "burn"], 'expected "verify [FILE]"'],
  ["a flag key that FeatBit refuses", ["init", "--flag-key", "a b"], "is not a FeatBit flag key"],
  ["a flag key of Routeward's own", ["init", "--flag-key", "a__rehearsal"], "keys that end in __rehearsal"],
  ["a value that is only an alias", ["simulate", "--set", "owner=*a"], "*a is not a YAML value"],
])("%s is refused with exit code 2 and one plain sentence", async (_name, args, message) => {
  const { code, stdout, stderr } = await callCli(clone.folder, args);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

it("says so outside of a repository, without a stack trace", async () => {
  const { code, stderr } = await runCommand("/", ["check"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^routeward check: git rev-parse failed: not a git repository/);
});

it("says so where git is not installed", async () => {
  const { code, stderr } = await clone.run(["check"], { PATH: "/nonexistent" });
  expect({ code, stderr }).toEqual({ code: 2, stderr: "routeward check: git is not installed\n" });
});

describe("output that cannot be written", () => {
  const start = (args: readonly string[], stdio: StdioOptions): { status: number | null; stderr: string } => {
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: clone.folder, stdio });
    return { status, stderr: String(stderr ?? "") };
  };

  it.skipIf(!existsSync("/dev/full"))("is a failure of its own and no verdict, without a stack trace", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = start(["check"], ["ignore", full, "pipe"]);
    closeSync(full);
    expect({ status, stderr }).toEqual({ status: 2, stderr: "routeward: the output could not be written (ENOSPC)\n" });
  });

  it.skipIf(!existsSync("/dev/full"))("leaves the exit code as it is where only the complaint is lost", () => {
    const full = openSync("/dev/full", "w");
    const { status } = start(["chekc"], ["ignore", "pipe", full]);
    closeSync(full);
    expect(status).toBe(2);
  });

  it("to a reader who has had enough is no failure", async () => {
    const child = spawn(process.execPath, [main, "help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    const [status] = (await once(child, "close")) as [number | null];
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
