import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ParsedCommand } from "./command.ts";
import { parseCommand } from "./parse-command.ts";

describe("a comment is a command", () => {
  it.each<[string, string, ParsedCommand]>([
    ["a verb", "/routeward status", { kind: "status", flagKey: null }],
    ["a verb and a flag", "/routeward promote my_flag.v2", { kind: "promote", flagKey: "my_flag.v2" }],
    ["explain", "/routeward explain", { kind: "explain", flagKey: null }],
    ["recheck", "/routeward recheck", { kind: "recheck", flagKey: null }],
    ["rehearse", "/routeward rehearse", { kind: "rehearse", flagKey: null }],
    ["pause", "/routeward pause", { kind: "pause", flagKey: null }],
    ["resume", "/routeward resume", { kind: "resume", flagKey: null }],
    ["help", "/routeward help", { kind: "help", flagKey: null }],
    ["the name alone asks for help", "/routeward", { kind: "help", flagKey: null }],
    ["a telephone's capitals", "/Routeward Pause", { kind: "pause", flagKey: null }],
    ["blanks at the end", "/routeward pause  \t", { kind: "pause", flagKey: null }],
    ["several blanks between", "/routeward \t pause   key", { kind: "pause", flagKey: "key" }],
    ["text on later lines is ignored", "/routeward pause\r\nbecause of X", { kind: "pause", flagKey: null }],
    ["a rollback with its reason", "/routeward rollback answers are wrong", rollback("answers are wrong")],
    ["a rollback without a reason is one all the same", "/routeward rollback", rollback("")],
    ["a rollback's reason ends with the line", "/routeward rollback bad\n/routeward promote", rollback("bad")],
    ["an unknown verb", "/routeward ship", { kind: "unknown", word: "ship" }],
    ["a verb with a comma", "/routeward promote, please", { kind: "unknown", word: "promote," }],
    ["a sentence promotes nothing", "/routeward promote not yet", { kind: "unknown", word: "not yet" }],
    ["what cannot be a flag key resumes nothing", "/routeward resume <b>", { kind: "unknown", word: "<b>" }],
    ["a limit of a review is no command", "/routeward as release-owner", { kind: "unknown", word: "as" }],
    ["a word of an object's own is no verb", "/routeward constructor", { kind: "unknown", word: "constructor" }],
  ])("%s", (_name, body, expected) => {
    expect(parseCommand(body)).toEqual(expected);
  });

  function rollback(reason: string): ParsedCommand {
    return { kind: "rollback", reason, flagKey: null };
  }
});

describe("a comment is none", () => {
  it.each([
    ["an empty one", ""],
    ["one that mentions the command later", "Please run /routeward status"],
    ["one with the command on its second line", "Hello\n/routeward rollback now"],
    ["one with an empty first line", "\n/routeward rollback now"],
    ["a quotation", "> /routeward rollback now"],
    ["an indented example", "    /routeward rollback now"],
    ["another command", "/routewarden status"],
    ["a glued verb", "/routeward:status"],
  ])("%s", (_name, body) => {
    expect(parseCommand(body)).toEqual({ kind: "none" });
  });

  it("never throws, also for a very long line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(() => parseCommand(`/routeward ${text}`)).not.toThrow();
      }),
    );
    expect(parseCommand(`/routeward rollback ${" a".repeat(500_000)}`).kind).toBe("rollback");
    expect(parseCommand(" ".repeat(1_000_000)).kind).toBe("none");
  });
});
