import type { JsonObject } from "./rewrite-openapi.ts";

/** One path template of a document, ready to be compared with request paths. */
export interface PathTemplate {
  template: string;
  item: JsonObject;
  /** Names of the parameters in the order of the groups of `pattern`. */
  parameters: string[];
  pattern: RegExp;
  /** One character a segment: `0` literal, `1` mixed, `2` parameter, `3` several segments, then `9`. Smaller text wins. */
  rank: string;
}

export interface PathMatch {
  template: PathTemplate;
  values: ReadonlyMap<string, string>;
}

/**
 * Compiles a path template such as `/repos/{owner}/{repo}/contents/{path}`.
 * A parameter in `multiSegment` may hold slashes (GitHub marks those with `x-multi-segment`).
 */
export function parsePathTemplate(template: string, item: JsonObject, multiSegment: ReadonlySet<string>): PathTemplate {
  const parameters: string[] = [];
  let rank = "";
  const pattern = template
    .split("/")
    .map((segment) => {
      const parts = segment.split(/\{([^{}]+)\}/);
      const names = parts.filter((_part, index) => index % 2 === 1);
      const isMulti = names.some((name) => multiSegment.has(name));
      const isWhole = names.length === 1 && parts.join("") === names[0];
      rank += names.length === 0 ? "0" : isMulti ? "3" : isWhole ? "2" : "1";
      return parts
        .map((part, index) => {
          if (index % 2 === 0) return escapeRegExp(part);
          parameters.push(part);
          return multiSegment.has(part) ? "(.*)" : "([^/]+?)";
        })
        .join("");
    })
    .join("/");
  // The `9` puts a longer template before its own beginning: `commits/{ref}` would swallow `commits/{ref}/check-runs`.
  return { template, item, parameters, pattern: new RegExp(`^${pattern}$`), rank: `${rank}9` };
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Finds the most literal template for a path, or undefined. `templates` must be sorted by `rank`. */
export function matchPath(path: string, templates: readonly PathTemplate[]): PathMatch | undefined {
  for (const template of templates) {
    const found = template.pattern.exec(path);
    if (found === null) continue;
    const values = new Map(template.parameters.map((name, index) => [name, decode(found[index + 1] ?? "")]));
    return { template, values };
  }
  return undefined;
}
