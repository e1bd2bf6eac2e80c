import { cut } from "../problem.ts";
import { commandVerbs, type ParsedCommand } from "./command.ts";

const flagKey = /^[A-Za-z0-9._-]{1,128}$/;
const lineLimit = 2000;
const reasonLimit = 500;

/**
 * Reads the first line of a comment (SPEC 15). Only that line, so that quotations and examples further down do nothing.
 * The verb's case does not matter: telephones write capitals. A rollback without a reason is one all the same, since
 * going back is always allowed.
 */
export function parseCommand(body: string): ParsedCommand {
  const end = body.search(/[\r\n]/);
  const line = body.slice(0, Math.min(end < 0 ? body.length : end, lineLimit));
  const [name, word, ...rest] = line.trimEnd().split(/[ \t]+/);
  if (name?.toLowerCase() !== "/routeward") return { kind: "none" };
  if (word === undefined) return { kind: "help", flagKey: null };
  const verb = commandVerbs.find((known) => known === word.toLowerCase());
  if (verb === undefined) return { kind: "unknown", word: cut(word, 40) };
  if (verb === "rollback") return { kind: "rollback", reason: cut(rest.join(" "), reasonLimit), flagKey: null };
  const [key, ...more] = rest;
  if (key === undefined) return { kind: verb, flagKey: null };
  // Words that are no flag key are a mistake or a sentence: neither may promote or resume anything.
  if (!flagKey.test(key) || more.length > 0) return { kind: "unknown", word: cut(rest.join(" "), 40) };
  return { kind: verb, flagKey: key };
}
