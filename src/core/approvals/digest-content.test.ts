import { expect, it } from "vitest";
import { digestContent, ownerLinesUsed, type ReviewedContent } from "./digest-content.ts";

const content: ReviewedContent = {
  route: { flagKey: "a", candidate: { model: "m", parameters: { temperature: 0.2 } } },
  files: { "prompts/a.md": "11", "prompts/b.md": null },
  evidence: { "run-1": "22" },
  policy: "33",
  owners: ["release-owner 1 @acme/release", "product-owner 1 @ada"],
};

it("is one text for the same content in another order", () => {
  const digest = digestContent(content);
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const reordered: ReviewedContent = {
    owners: content.owners.toReversed(),
    policy: "33",
    evidence: content.evidence,
    files: { "prompts/b.md": null, "prompts/a.md": "11" },
    route: { candidate: { parameters: { temperature: 0.2 }, model: "m" }, flagKey: "a" },
  };
  expect(digestContent(reordered)).toBe(digest);
});

it.each<[string, Partial<ReviewedContent>]>([
  ["the route's meaning", { route: { flagKey: "b" } }],
  ["a file that it names", { files: { "prompts/a.md": "12", "prompts/b.md": null } }],
  ["a file that became unreadable", { files: { "prompts/a.md": null, "prompts/b.md": null } }],
  ["the evidence that is needed", { evidence: { "run-1": "23" } }],
  ["the policy", { policy: "34" }],
  ["the owners", { owners: ["release-owner 1 @acme/release"] }],
])("is another text after a change of %s", (_name, change) => {
  expect(digestContent({ ...content, ...change })).not.toBe(digestContent(content));
});

it("names owners without the lines that they stand on", () => {
  const requirement = { role: "r", count: 2, owners: ["@b", "@a"], focus: "", because: [], missing: null };
  const moved = { ...requirement, source: "CODEOWNERS line 7", owners: ["@a", "@b"] };
  expect(ownerLinesUsed([{ ...requirement, source: "CODEOWNERS line 3" }])).toEqual(ownerLinesUsed([moved]));
  expect(ownerLinesUsed([moved])).toEqual(["r 2 @a @b"]);
});
