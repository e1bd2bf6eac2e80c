import { parseArgs, type ParseArgsConfig } from "node:util";
import { suggestWord } from "../../core/yaml/suggest-word.ts";
import { UsageError } from "./cli-command.ts";

export type OptionSpecs = NonNullable<ParseArgsConfig["options"]>;

export interface Options {
  /** The last value given; null when the option is absent. */
  text(name: string): string | null;
  texts(name: string): readonly string[];
  has(name: string): boolean;
  positionals: readonly string[];
}

/**
 * Reads the arguments of one command.
 *
 * @param most positional arguments that the command takes
 * @throws UsageError with a suggestion for an unknown option
 */
export function parseOptions(args: readonly string[], specs: OptionSpecs, most: number): Options {
  const { tokens } = parseArgs({
    args: [...args],
    options: specs,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    if (spec === undefined) throw new UsageError(explainUnknown(token.rawName, specs));
    values.set(token.name, [...(values.get(token.name) ?? []), readValue(token, spec.type)]);
  }
  if (positionals.length > most) {
    throw new UsageError(`unexpected argument "${positionals[most] ?? ""}"`);
  }
  return {
    text: (name) => values.get(name)?.at(-1) ?? null,
    texts: (name) => values.get(name) ?? [],
    has: (name) => values.has(name),
    positionals,
  };
}

function readValue(
  token: { rawName: string; value: string | undefined; inlineValue: boolean | undefined },
  type: "string" | "boolean",
): string {
  const { rawName, value, inlineValue } = token;
  if (type === "boolean") {
    if (value !== undefined) throw new UsageError(`option ${rawName} takes no value`);
    return "";
  }
  const isNextOption = inlineValue === false && value !== undefined && value.length > 1 && value.startsWith("-");
  if (value === undefined || isNextOption) throw new UsageError(`option ${rawName} needs a value`);
  return value;
}

function explainUnknown(rawName: string, specs: OptionSpecs): string {
  const suggestion = suggestWord(rawName.replace(/^-+/, ""), Object.keys(specs));
  const hint = suggestion === null ? "" : `; did you mean --${suggestion}?`;
  return `unknown option ${rawName}${hint}`;
}
