import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createTestSigner } from "../../adapters/github/test-signer.ts";
import { ConfigurationError } from "./read-environment.ts";
import { parseTrustRoots, readTrustRoots } from "./read-trust-roots.ts";

const root = JSON.stringify(createTestSigner(new Date("2026-06-14T08:00:00Z")).root);
const folder = mkdtempSync(join(tmpdir(), "trust-roots-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("trust roots of attestations", () => {
  it.each([
    ["one document", root, 1],
    ["one document over several lines", JSON.stringify(JSON.parse(root), null, 2), 1],
    ["one a line, as gh prints them", `${root}\n${root}\n`, 2],
  ])("are read from %s", (_name, text, count) => {
    expect(parseTrustRoots(text)).toHaveLength(count);
  });

  it.each([
    ["nothing", ""],
    ["something else", "hello"],
    ["an empty document", "{}"],
    ["a root without authorities", '{"certificateAuthorities": []}'],
    ["one good and one broken line", `${root}\n{}`],
  ])("are not found in %s", (_name, text) => {
    expect(parseTrustRoots(text)).toBeNull();
  });

  it("stand beside the operator's file, with GitHub's issuer unless another is named", () => {
    writeFileSync(join(folder, "roots.jsonl"), `${root}\n`);
    const config = join(folder, "routeward.config.yaml");
    expect(readTrustRoots({ trustRoots: ["roots.jsonl"], issuer: null }, config)).toMatchObject({
      roots: [expect.anything()],
      issuer: "https://token.actions.githubusercontent.com",
    });
  });

  it("every file that cannot be used is named", () => {
    writeFileSync(join(folder, "wrong.json"), "{}");
    const read = (): unknown =>
      readTrustRoots({ trustRoots: ["missing.json", "wrong.json"], issuer: null }, join(folder, "c.yaml"));
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(/missing\.json[\s\S]*wrong\.json/);
  });
});
