import { expect, it } from "vitest";
import type { Command } from "./command.ts";
import { matchFlagKey, type FlagKeyMatch } from "./match-flag-key.ts";

const rollback = (reason: string): Command => ({ kind: "rollback", reason, flagKey: null });
const promote = (flagKey: string | null): Command => ({ kind: "promote", flagKey });
const found = (flagKey: string, reason = ""): FlagKeyMatch => ({ kind: "found", flagKey, reason });

it.each<[string, Command, string[], FlagKeyMatch]>([
  ["the only flag need not be named", promote(null), ["a"], found("a")],
  ["of several one must be named", promote(null), ["a", "b"], { kind: "needed", known: ["a", "b"] }],
  ["the named one is meant", promote("b"), ["a", "b"], found("b")],
  ["keys are compared without their case", promote("B"), ["a", "b"], found("b")],
  ["another flag is not here", promote("c"), ["a"], { kind: "not-here", asked: "c", known: ["a"] }],
  ["without routes there is nothing", promote(null), [], { kind: "no-routes" }],
  ["a rollback of the only flag keeps all words as reason", rollback("it is bad"), ["a"], found("a", "it is bad")],
  ["a rollback may name the flag first", rollback("b it is bad"), ["a", "b"], found("b", "it is bad")],
  ["a rollback may name the flag last", rollback("it is bad b"), ["a", "b"], found("b", "it is bad")],
  ["a rollback of several must name one", rollback("it is bad"), ["a", "b"], { kind: "needed", known: ["a", "b"] }],
  ["a rollback without any word", rollback(""), ["a"], found("a", "")],
])("%s", (_name, command, known, expected) => {
  expect(matchFlagKey(command, known)).toEqual(expected);
});
