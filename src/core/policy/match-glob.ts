/** Bounds of one glob: what a person writes is far below. */
export const globLimits = { length: 256, segments: 32, alternatives: 32 } as const;

/**
 * Whether `path` matches `glob`: `*` and `?` within one segment, `**` for any number of whole segments, `{a,b}` as alternatives.
 * Everything else stands for itself; case counts. Own code, because the patterns and the paths may both be hostile: the work
 * grows with the product of their lengths and never faster, where a translation to regular expressions may backtrack.
 * @returns false for a glob that `checkGlob` refuses
 */
export function matchGlob(glob: string, path: string): boolean {
  if (glob.length > globLimits.length || path.length > 4096) return false;
  const alternatives = expandBraces(glob);
  if (alternatives === null) return false;
  const segments = path.split("/");
  return alternatives.some((alternative) => matchSegments(alternative.split("/"), segments));
}

/** Why a glob is refused, or null when it can be used. */
export function checkGlob(glob: string): string | null {
  if (glob === "" || glob.length > globLimits.length) return `a pattern of 1 to ${globLimits.length} characters`;
  if (glob.startsWith("!")) return "a pattern without `!`: patterns only add";
  if (glob.startsWith("/") || glob.split("/").some((segment) => segment === "." || segment === "..")) {
    return "a pattern from the repository's root, without a leading `/`, `.` or `..`";
  }
  if (/[[\]()\\]/.test(glob)) return "a pattern of names with `*`, `**`, `?` and `{a,b}`";
  if (glob.split("/").length > globLimits.segments) return `at most ${globLimits.segments} folders deep`;
  return expandBraces(glob) === null
    ? `closed braces, not nested, at most ${globLimits.alternatives} alternatives`
    : null;
}

function expandBraces(glob: string): readonly string[] | null {
  let expanded = [""];
  let rest = glob;
  while (rest !== "") {
    const open = rest.indexOf("{");
    if (open === -1) return rest.includes("}") ? null : expanded.map((head) => head + rest);
    const close = rest.indexOf("}", open);
    const plain = rest.slice(0, open);
    const body = rest.slice(open + 1, close);
    if (close === -1 || plain.includes("}") || body.includes("{")) return null;
    const options = body.split(",");
    if (expanded.length * options.length > globLimits.alternatives) return null;
    expanded = expanded.flatMap((head) => options.map((option) => head + plain + option));
    rest = rest.slice(close + 1);
  }
  return expanded;
}

/** Row by row over the path's segments: which positions of the pattern can be reached. */
function matchSegments(pattern: readonly string[], segments: readonly string[]): boolean {
  let reached = skipDoubleStars(pattern, new Set([0]));
  for (const segment of segments) {
    const next = new Set<number>();
    for (const position of reached) {
      const part = pattern[position];
      if (part === undefined) continue;
      if (part === "**") next.add(position);
      else if (matchSegment(part, segment)) next.add(position + 1);
    }
    if (next.size === 0) return false;
    reached = skipDoubleStars(pattern, next);
  }
  return reached.has(pattern.length);
}

function skipDoubleStars(pattern: readonly string[], positions: ReadonlySet<number>): ReadonlySet<number> {
  const all = new Set(positions);
  for (const position of all) {
    if (pattern[position] === "**") all.add(position + 1);
  }
  return all;
}

/** Greedy with one point of return: at most the product of both lengths. */
function matchSegment(pattern: string, text: string): boolean {
  let at = 0;
  let read = 0;
  let star = -1;
  let starRead = 0;
  while (read < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      starRead = read;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[read])) {
      at++;
      read++;
    } else if (star !== -1) {
      at = star + 1;
      read = ++starRead;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
