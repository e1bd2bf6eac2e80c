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
