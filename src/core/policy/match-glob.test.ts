import fc from "fast-check";
import picomatch from "picomatch";
import { expect, it } from "vitest";
import { isRoutePath } from "./is-route-path.ts";
import { checkGlob, matchGlob } from "./match-glob.ts";

it.each<[string, string, boolean]>([
  ["model-routes/**/*.{yaml,yml}", "model-routes/a.yaml", true],
  ["model-routes/**/*.{yaml,yml}", "model-routes/a/b/c.yml", true],
  ["model-routes/**/*.{yaml,yml}", "model-routes/a.json", false],
  ["model-routes/**/*.{yaml,yml}", "other/model-routes/a.yaml", false],
  ["model-routes/**/*.{yaml,yml}", "Model-Routes/a.yaml", false],
  ["a/*", "a/b/c", false],
  ["a/**", "a/b/c", true],
  ["**", "a/b", true],
  ["a/?.md", "a/b.md", true],
  ["a/?.md", "a/bc.md", false],
  ["a.b", "aXb", false],
  ["a/**/b/**/c", "a/x/b/y/z/c", true],
])("%s against %s is %s", (glob, path, matches) => {
  expect(matchGlob(glob, path)).toBe(matches);
});

it.each(["", "!a", "/a", "a/../b", "[ab]", "@(a)", "a\\b", "{a", "{a,{b}}", "x".repeat(300), "{a,b}".repeat(8)])(
  "%j is refused",
  (glob) => {
    expect(checkGlob(glob)).not.toBeNull();
  },
);

const segment = fc
  .stringMatching(/^[ab.*?]{1,4}$/)
  .filter((text) => !text.includes("**") && text !== "." && text !== "..");
const glob = fc.array(fc.oneof(segment, fc.constant("**"), fc.constant("{a,b}"), fc.constant("*.{a,b}")), {
  minLength: 1,
  maxLength: 4,
});
const path = fc.array(fc.stringMatching(/^[ab]{1,3}(\.[ab]{1,2})?$/), { minLength: 1, maxLength: 5 });

it("agrees with picomatch on the patterns that it accepts", () => {
  fc.assert(
    fc.property(glob, path, (parts, segments) => {
      const pattern = parts.join("/");
      // Two `**` in a row and a trailing one are read differently there; both mean any number of folders here.
      fc.pre(checkGlob(pattern) === null && !pattern.includes("**/**") && !pattern.endsWith("**"));
      const options = { dot: true, nonegate: true, noextglob: true, nobracket: true };
      expect(matchGlob(pattern, segments.join("/"))).toBe(picomatch.isMatch(segments.join("/"), pattern, options));
    }),
    { numRuns: 500 },
  );
});

it("comes to an end on hostile patterns and paths", () => {
  expect(matchGlob("*a".repeat(120), "a".repeat(4000) + "b")).toBe(false);
  expect(matchGlob(`${"**/".repeat(30)}x`, `${"a/".repeat(1900)}y`)).toBe(false);
  expect(matchGlob("{*a*,*b*}".repeat(5), "ab".repeat(2000))).toBe(true);
});

it("a file of the evidence folder is never a route", () => {
  const policy = { routes: ["model-routes/**/*.{yaml,yml}"], evidenceFolder: "model-routes/evidence" };
  expect(isRoutePath(policy, "model-routes/evidence/run.yaml")).toBe(false);
  expect(isRoutePath(policy, "model-routes/evidence-route.yaml")).toBe(true);
});
