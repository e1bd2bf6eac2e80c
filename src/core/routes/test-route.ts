import { parseRouteFile } from "./parse-route-file.ts";
import type { RouteFile } from "./route-file.ts";

/** A route file of few lines for tests: `lines` stand below `model_change`, indented by two. */
export function routeText(lines: string): string {
  return `model_change:\n${lines
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n")}\n`;
}

/** The smallest lines that make a route. */
export const smallRoute = [
  "flagKey: f",
  "owner: team",
  "baseline: { model: a }",
  "candidate: { model: b }",
  "approval: { status: approved-for-testing }",
].join("\n");

/** Parses a route that must be right. */
export function routeOf(text: string, path = "model-routes/f.yaml"): RouteFile {
  const parsed = parseRouteFile(path, { kind: "text", text });
  if (!parsed.ok) throw new Error(parsed.problems.map((one) => `${one.line}: ${one.message} ${one.found}`).join("; "));
  return parsed.value;
}
