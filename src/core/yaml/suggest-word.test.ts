import { expect, it } from "vitest";
import { suggestWord } from "./suggest-word.ts";

const known = ["promptVersion", "prompt", "model", "modelFamily", "timeoutMs", "maxRetries", "approved-for-shadow"];

it.each<[string, string | null]>([
  ["promtVersion", "promptVersion"],
  ["prompt_version", "promptVersion"],
  ["Model", "model"],
  ["modle", "model"],
  ["timeout", "timeoutMs"],
  ["max-retries", "maxRetries"],
  ["aproved-for-shadow", "approved-for-shadow"],
  ["temperature", null],
  ["", null],
  ["x".repeat(1000), null],
])("%j was probably meant as %j", (word, meant) => {
  expect(suggestWord(word, known)).toBe(meant);
});
