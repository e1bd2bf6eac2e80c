import { isJsonObject, type JsonObject } from "../json.ts";
import type { Place } from "../problem.ts";
import { suggestWord } from "../yaml/suggest-word.ts";
import { isFull, placeAt, readList, readText, report, type Reading, type Steps } from "./reading.ts";

/** Where each route goes when all its targets failed. */
export interface Fallbacks {
  of(name: string): { names: readonly string[]; place: Place | null };
}

const lists: readonly (readonly [key: string, mark: string])[] = [
  ["fallbacks", ""],
  ["context_window_fallbacks", " (context window)"],
  ["content_policy_fallbacks", " (content policy)"],
];

/**
 * LiteLLM reads fallbacks from `router_settings` or from `litellm_settings`: lists of maps with one key, the route, and the routes that
 * follow it. `default_fallbacks` follow every route without its own.
 */
export function readFallbacks(reading: Reading, top: JsonObject, known: ReadonlySet<string>): Fallbacks {
  const found = new Map<string, { names: string[]; place: Place; isPlain: boolean }>();
  let defaults: { names: readonly string[]; place: Place } | null = null;
  for (const section of ["router_settings", "litellm_settings"]) {
    const settings = top[section];
    if (!isJsonObject(settings)) continue;
    for (const [key, mark] of lists) {
      for (const [index, item] of readList(reading, [section, key], settings[key]).entries()) {
        if (!isJsonObject(item)) continue;
        for (const [name, value] of Object.entries(item)) {
          const steps = [section, key, index, name];
          const names = readNames(reading, steps, value, known).map((each) => `${each}${mark}`);
          const before = found.get(name);
          const isPlain = mark === "";
          if (before === undefined) found.set(name, { names: [...names], place: placeAt(reading, steps), isPlain });
          else found.set(name, { ...before, names: [...before.names, ...names], isPlain: before.isPlain || isPlain });
          checkKnown(reading, steps, name, known);
        }
      }
    }
    const steps = [section, "default_fallbacks"];
    const value = settings["default_fallbacks"];
    if (value !== undefined && defaults === null) {
      defaults = { names: readNames(reading, steps, value, known), place: placeAt(reading, steps) };
    }
  }
  const everywhere = found.get("*") ?? defaults;
  return {
    of(name) {
      const own = found.get(name);
      if (own?.isPlain === true) return own;
      const common = (everywhere?.names ?? []).filter((each) => each !== name);
      return { names: [...(own?.names ?? []), ...common], place: own?.place ?? everywhere?.place ?? null };
    },
  };
}

function readNames(
  reading: Reading,
  steps: Steps,
  value: Parameters<typeof readList>[2],
  known: ReadonlySet<string>,
): readonly string[] {
  return readList(reading, steps, value).flatMap((item, index) => {
    const at = [...steps, index];
    const name = readText(reading, at, isJsonObject(item) ? item["model"] : item);
    if (name === null) return [];
    checkKnown(reading, at, name, known);
    return [name];
  });
}

function checkKnown(reading: Reading, steps: Steps, name: string, known: ReadonlySet<string>): void {
  if (known.has(name) || name === "*" || isFull(reading)) return;
  const near = known.size > 500 ? null : suggestWord(name, known);
  report(reading, steps, {
    code: "gateway-unknown-route",
    severity: "warning",
    message: "A fallback names a route that the file does not hold.",
    expected: "the `model_name` of an entry of `model_list`",
    found: name,
    fix: near === null ? "Add the entry, or mend the name." : `Did you mean \`${near}\`?`,
  });
}
