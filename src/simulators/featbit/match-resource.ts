import type { PolicyStatement } from "./featbit-data.ts";

function matchWildcard(pattern: string, value: string): boolean {
  if (!pattern.includes("*")) return pattern === value;
  const parts = pattern.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}

/** Whether a resource name falls under a pattern (facts/featbit.md section 5): by prefix segment, with tags after `;`. */
export function matchResource(resource: string, pattern: string): boolean {
  if (resource === "" || pattern === "") return false;
  const resourceSegments = resource.split(":");
  const patternSegments = pattern.split(":");
  if (patternSegments.length > resourceSegments.length) return false;
  return patternSegments.every((segment, index) => {
    const [patternPath = "", patternTags = ""] = segment.split(";");
    const [resourcePath = "", resourceTags = ""] = (resourceSegments[index] ?? "").split(";");
    if (!matchWildcard(patternPath, resourcePath)) return false;
    if (patternTags === "") return true;
    if (resourceTags === "") return false;
    return patternTags.split(",").some((tag) => resourceTags.split(",").some((own) => matchWildcard(tag, own)));
  });
}

/** Whether the statements allow an action: any matching deny wins, and no match is a refusal. */
export function checkAllowed(statements: readonly PolicyStatement[], resource: string, action: string): boolean {
  const matched = statements.filter(
    (statement) =>
      statement.resourceType === "*" ||
      (statement.actions.some((own) => own === "*" || own === action) &&
        statement.resources.some((pattern) => matchResource(resource, pattern))),
  );
  return matched.length > 0 && matched.every((statement) => statement.effect === "allow");
}
