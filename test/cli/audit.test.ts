import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeClone, type Clone } from "./command-line.ts";

let clone: Clone;
beforeAll(() => {
  clone = makeClone({ "README.md": "# Shop\n" });
});
afterAll(() => clone.close());

it.each([["verify"], ["export"]])("audit %s where no store is refuses, and makes none to prove", async (verb) => {
  const { code, stdout, stderr } = await clone.run(["audit", verb]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toBe("routeward audit: there is no store in ./data; DATA_DIR or DATABASE_URL names it\n");
  expect(existsSync(join(clone.folder, "data"))).toBe(false);
});

it("audit export writes what audit verify proves, and says so when it cannot write", async () => {
  mkdirSync(join(clone.folder, "store"));
  const env = { DATA_DIR: "store" };
  const refused = await clone.run(["audit", "export", "--out", "nowhere/log.jsonl"], env);
  expect(refused).toEqual({ code: 2, stdout: "", stderr: "routeward audit: nowhere/log.jsonl cannot be written\n" });
  expect((await clone.run(["audit", "export", "--out", "log.jsonl"], env)).code).toBe(0);
  const entries = readFileSync(join(clone.folder, "log.jsonl"), "utf8").split("\n").filter(Boolean).length;
  const proven = await clone.run(["audit", "verify", "log.jsonl"]);
  expect(proven).toEqual({ code: 0, stdout: `proven: ${entries} entries of log.jsonl\n`, stderr: "" });
}, 60_000);
