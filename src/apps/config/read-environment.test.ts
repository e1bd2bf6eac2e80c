import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type ConfigurationError, readEnvironment } from "./read-environment.ts";

const pem = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----";
const good = { APP_ID: "12", PRIVATE_KEY: pem, WEBHOOK_SECRET: "s" };

const mistakesOf = (env: Record<string, string>): readonly string[] => {
  try {
    readEnvironment(env);
    return [];
  } catch (error) {
    return (error as ConfigurationError).mistakes;
  }
};

it("fills in the defaults of an installation on github.com with the embedded store", () => {
  expect(readEnvironment(good)).toMatchObject({
    appId: 12,
    gheHost: null,
    host: "127.0.0.1",
    port: 3000,
    store: { kind: "embedded", dataDir: "./data" },
    configPath: "./routeward.config.yaml",
    logLevel: "info",
    githubPace: "github",
  });
});

it("takes a variable that is set to nothing for one that is not set", () => {
  const names =
    "GHE_HOST GHE_PROTOCOL PORT HOST PUBLIC_URL DATA_DIR DATABASE_URL ROUTEWARD_CONFIG LOG_LEVEL GITHUB_PACE";
  const blank = Object.fromEntries(names.split(" ").map((name) => [name, " "]));
  expect(readEnvironment({ ...good, ...blank })).toEqual(readEnvironment(good));
});

it("takes what is said instead of the defaults", () => {
  const said = {
    GHE_HOST: "github.example.com",
    GHE_PROTOCOL: "http",
    PORT: "8080",
    HOST: "0.0.0.0",
    PUBLIC_URL: "https://routeward.example.com",
    DATABASE_URL: "postgres://db/routeward",
    ROUTEWARD_CONFIG: "/etc/routeward.yaml",
    LOG_LEVEL: "warn",
  };
  expect(readEnvironment({ ...good, ...said })).toMatchObject({
    gheHost: "github.example.com",
    gheProtocol: "http",
    port: 8080,
    host: "0.0.0.0",
    publicUrl: "https://routeward.example.com",
    store: { kind: "postgres", databaseUrl: "postgres://db/routeward" },
    configPath: "/etc/routeward.yaml",
    logLevel: "warn",
  });
  expect(readEnvironment({ ...good, DATA_DIR: "/var/lib/routeward" }).store).toEqual({
    kind: "embedded",
    dataDir: "/var/lib/routeward",
  });
});

it.each(["PRIVATE_KEY", "PRIVATE_KEY_PATH"])("takes the private key from the file that %s names", (name) => {
  const folder = mkdtempSync(join(tmpdir(), "private-key-"));
  try {
    const path = join(folder, "key.pem");
    writeFileSync(path, `${pem}\n`);
    expect(readEnvironment({ APP_ID: "12", WEBHOOK_SECRET: "s", [name]: path }).privateKey).toBe(pem);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each([
  ["as PEM", pem],
  ["with escaped line ends", pem.replaceAll("\n", "\\n")],
  ["in base64", Buffer.from(pem).toString("base64")],
])("takes the private key %s", (_name, key) => {
  expect(readEnvironment({ ...good, PRIVATE_KEY: key }).privateKey).toBe(pem);
});

it("lists every mistake at once", () => {
  expect(
    mistakesOf({
      APP_ID: "x1",
      PORT: "99999",
      LOG_LEVEL: "loud",
      GHE_PROTOCOL: "ftp",
      GITHUB_PACE: "fast",
      DATABASE_URL: "mysql://x",
    }),
  ).toHaveLength(8);
});

it("refuses to start without a webhook secret", () => {
  expect(mistakesOf({ APP_ID: "1", PRIVATE_KEY: pem })).toEqual([expect.stringContaining("WEBHOOK_SECRET is missing")]);
});

it("never repeats a damaged private key", () => {
  expect(mistakesOf({ ...good, PRIVATE_KEY: "MIIEsecret" }).join()).not.toContain("MIIEsecret");
});
