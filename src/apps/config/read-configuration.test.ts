import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readConfiguration } from "./read-configuration.ts";
import { ConfigurationError } from "./read-environment.ts";

const example = fileURLToPath(new URL("../../../docs/examples/routeward.config.yaml", import.meta.url));

function mistakesOf(env: Record<string, string>): readonly string[] {
  try {
    readConfiguration(env);
    return [];
  } catch (error) {
    return error instanceof ConfigurationError ? error.mistakes : [String(error)];
  }
}

it("lists the mistakes of the environment and of the operator's file at once", () => {
  const text = mistakesOf({ ROUTEWARD_CONFIG: example, PORT: "many", FEATBIT_ACCESS_TOKEN: "api-token" }).join("\n");
  for (const name of ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "PORT", "FEATBIT_SDK_KEY"])
    expect(text).toContain(name);
  expect(text).not.toContain("api-token");
});

it("a trust root that cannot be read is one mistake among the others", () => {
  const folder = mkdtempSync(join(tmpdir(), "routeward-config-"));
  try {
    const path = join(folder, "routeward.config.yaml");
    const text = readFileSync(example, "utf8").replace("production: true", "production: perhaps");
    writeFileSync(path, `${text}attestations: { trustRoots: [nowhere.jsonl] }\n`);
    const mistakes = mistakesOf({ ROUTEWARD_CONFIG: path, APP_ID: "1", PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----" });
    for (const words of [
      "WEBHOOK_SECRET is missing",
      "true or false",
      "nowhere.jsonl cannot be read",
      "FEATBIT_SDK_KEY",
    ])
      expect(mistakes.filter((each) => each.includes(words))).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("a missing file is one mistake among the others", () => {
  const mistakes = mistakesOf({ ROUTEWARD_CONFIG: "nowhere.yaml", APP_ID: "1" });
  expect(mistakes).toEqual([
    expect.stringContaining("PRIVATE_KEY is missing"),
    expect.stringContaining("WEBHOOK_SECRET is missing"),
    expect.stringContaining("nowhere.yaml cannot be read"),
  ]);
});

it("reads both when nothing is wrong", () => {
  const { environment, operator } = readConfiguration({
    ROUTEWARD_CONFIG: example,
    APP_ID: "7",
    PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----",
    WEBHOOK_SECRET: "secret",
    FEATBIT_ACCESS_TOKEN: "api-token",
    FEATBIT_SDK_KEY: "sdk-key",
  });
  expect([environment.appId, operator.bindings.length]).toEqual([7, 1]);
});
