import { expect, it } from "vitest";
import { createLog, maskSecrets } from "./create-log.ts";

it.each([
  ["an installation token in the long form", `ghs_12_${"a".repeat(80)}.${"b".repeat(40)}`],
  ["a personal token", "ghp_0123456789abcdefghijABCDEFGHIJ012345"],
  ["a JWT", "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMiIsImlhdCI6MX0.c2lnbmF0dXJl"],
  ["a FeatBit access token", "api-Zm9vYmFyYmF6cXV4Zm9vYmFy"],
  ["a webhook signature", `sha256=${"0a".repeat(32)}`],
])("masks %s", (_name, secret) => {
  expect(maskSecrets(`before ${secret} after`, [])).toBe("before [secret] after");
});

it("masks configured secrets in the escaped form too", () => {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    secrets: ['top"secret\nvalue'],
    destination: { write: (line) => void lines.push(line) },
  });
  log.info({ err: new Error('failed with top"secret\nvalue') }, "request failed");
  expect(lines.join("")).not.toContain("value");
  expect(lines.join("")).toContain("request failed");
});
