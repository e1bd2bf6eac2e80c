const bodyLimit = 65_536;
const rolesLimit = 50;

/**
 * The roles that a review limits itself to by a line `/routeward as <role>[, <role>]` (SPEC 7); null when it has no such
 * line. A line in a quotation does not count, because it begins with `>`. Several lines add up.
 */
export function parseReviewRoles(body: string): readonly string[] | null {
  const roles = new Set<string>();
  let isLimited = false;
  for (const line of body.slice(0, bodyLimit).split(/\r?\n/)) {
    const words = line.trim().split(/[\s,]+/, rolesLimit);
    if (words[0]?.toLowerCase() !== "/routeward" || words[1]?.toLowerCase() !== "as") continue;
    isLimited = true;
    for (const word of words.slice(2)) if (word !== "") roles.add(word.toLowerCase());
  }
  return isLimited ? [...roles] : null;
}
