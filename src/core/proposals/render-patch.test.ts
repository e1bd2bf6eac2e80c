import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { renderPatch } from "./render-patch.ts";

it.each<[string, string, string, string]>([
  [
    "one line among others keeps three lines around it",
    "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
    "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
    "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n",
  ],
  ["lines between two changes stay what they are", "a\nb\nc\n", "A\nb\nC\n", "@@ -1,3 +1,3 @@\n-a\n+A\n b\n-c\n+C\n"],
  ["a line that only comes", "a\n", "a\nb\n", "@@ -1,1 +1,2 @@\n a\n+b\n"],
  [
    "a last line without an end",
    "a\nb",
    "a\nB",
    "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+B\n\\ No newline at end of file\n",
  ],
])("%s", (_name, before, after, expected) => {
  expect(renderPatch("x.yaml", before, after)).toBe(`--- a/x.yaml\n+++ b/x.yaml\n${expected}`);
});

it("nothing changes: nothing to apply", () => {
  expect(renderPatch("x.yaml", "a\n", "a\n")).toBe("");
});

it("git applies whatever it renders", () => {
  const folder = mkdtempSync(join(tmpdir(), "routeward-patch-"));
  const line = fc.constantFrom("a", "b", "  c: 1", "", "# x", "status: draft", "é");
  const text = fc.tuple(fc.array(line, { minLength: 1, maxLength: 14 }), fc.boolean());
  try {
    fc.assert(
      fc.property(text, text, ([old, oldEnd], [now, nowEnd]) => {
        const [before, after] = [old.join("\n") + (oldEnd ? "\n" : ""), now.join("\n") + (nowEnd ? "\n" : "")];
        const patch = renderPatch("f.yaml", before, after);
        if (patch === "" || before === "" || after === "") return;
        writeFileSync(join(folder, "f.yaml"), before);
        execFileSync("git", ["apply", "-"], { cwd: folder, input: patch, stdio: ["pipe", "ignore", "pipe"] });
        expect(readFileSync(join(folder, "f.yaml"), "utf8")).toBe(after);
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
