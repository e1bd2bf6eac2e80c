import { describe, expect, it } from "vitest";
import { parseCoAuthors, parseNoreplyAddress } from "./parse-co-authors.ts";

describe("co-authors of a message", () => {
  it.each([
    ["nobody", "Fix a thing\n\nBecause.", []],
    [
      "one at the end",
      "Fix\n\nCo-authored-by: Ann <Ann@Example.com>",
      [{ text: "Ann <Ann@Example.com>", email: "ann@example.com" }],
    ],
    ["any spelling of the key", "Fix\n\nCO-AUTHORED-BY:Ann <a@b>\r\n", [{ text: "Ann <a@b>", email: "a@b" }]],
    ["also in the middle", "co-authored-by: A <a@b>\nmore text", [{ text: "A <a@b>", email: "a@b" }]],
    ["somebody without an address", "x\n\nCo-authored-by: Ann", [{ text: "Ann", email: "" }]],
    ["a name with brackets", "x\n\nCo-authored-by: A <B> <a@b>", [{ text: "A <B> <a@b>", email: "a@b" }]],
  ])("%s", (_name, message, expected) => {
    expect(parseCoAuthors(message)).toEqual(expected);
  });

  it("comes to an end with hostile text", () => {
    const text = `${"co-authored-by: <<<<".repeat(100_000)}\n${"<".repeat(1_000_000)}`;
    expect(() => parseCoAuthors(text)).not.toThrow();
  });
});

describe("GitHub's noreply addresses", () => {
  it.each([
    ["with an id", "49699333+ann-b@users.noreply.github.com", { id: 49_699_333, login: "ann-b", isBot: false }],
    ["of an app", "5+dependabot[bot]@users.noreply.github.com", { id: 5, login: "dependabot[bot]", isBot: true }],
    ["of an enterprise server", "5+ann@users.noreply.git.acme.example", { id: 5, login: "ann", isBot: false }],
    ["without an id", "ann@users.noreply.github.com", null],
    ["of another service", "5+ann@example.com", null],
  ])("%s", (_name, email, expected) => {
    expect(parseNoreplyAddress(email)).toEqual(expected);
  });
});
