import { atLeast, tiers, type Tier } from "../scales.ts";
import { cut, type Place } from "../problem.ts";
import type { Policy } from "../policy/policy.ts";
import { matchOwners } from "./match-owners.ts";
import { isOwnerName, type CodeownersLine, type ParsedCodeowners } from "./parse-codeowners.ts";

/** The role of whoever owns the file itself; the only one that a low tier asks for. */
export const fileOwnerRole = "file-owner";

export type RoleOwners =
  | { kind: "found"; owners: readonly string[]; source: string; place: Place | null; isSubstituted?: true }
  | { kind: "missing"; why: string; lineToAdd: string; place: Place };

const roleName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether a text can be the name of a role: it becomes a folder name below `/.github/roles/`. */
export function isRoleName(text: string): boolean {
  return roleName.test(text);
}

/**
 * Who answers for a role on one path (SPEC 6). In this order: the policy's `roles`; the last CODEOWNERS line that matches
 * `/.github/roles/<role>/<path>` among those whose pattern begins with `/.github/roles/<role>/`; the owners of the path,
 * for `product-owner` at any tier, for other roles only at low and medium.
 *
 * The policy goes first because an organisation's floor may name owners, and a repository's CODEOWNERS must not undo it.
 */
export function ownersOfRole(
  codeowners: ParsedCodeowners,
  policy: Pick<Policy, "roles">,
  role: string,
  path: string,
  tier: Tier,
): RoleOwners {
  if (role === fileOwnerRole) return ownersOfFile(codeowners, path);
  if (!isRoleName(role)) {
    const why = `\`${cut(role, 64)}\` cannot be the name of a role`;
    return { kind: "missing", why, lineToAdd: lineForRole("role-name"), place: endOf(codeowners) };
  }
  const named = namedByPolicy(policy, role);
  if (named.length > 0) return { kind: "found", owners: named, source: "policy roles", place: null };

  const ownLine = matchOwners({ lines: linesOfRole(codeowners, role) }, `.github/roles/${role}/${path}`);
  if (ownLine.kind === "owned") return foundAt(codeowners.path, ownLine.line, ownLine.owners);

  const fileOwners = ownersOfFile(codeowners, path);
  if (role === "product-owner" || !atLeast(tiers, tier, "high")) {
    if (fileOwners.kind === "found")
      return { ...fileOwners, source: `fallback: owners of the file (${fileOwners.source})`, isSubstituted: true };
    return { ...fileOwners, why: `no line names ${role}, and ${fileOwners.why}`, lineToAdd: lineForRole(role) };
  }
  const why =
    ownLine.kind === "unowned"
      ? `CODEOWNERS line ${ownLine.line} leaves ${role} without owners, and ${tier} risk accepts no substitute`
      : `${absence[codeowners.kind]} names ${role} for this file, and ${tier} risk accepts no substitute`;
  const place = ownLine.kind === "unowned" ? { ...endOf(codeowners), line: ownLine.line } : endOf(codeowners);
  return { kind: "missing", why, lineToAdd: lineForRole(role), place };
}

function ownersOfFile(codeowners: ParsedCodeowners, path: string): RoleOwners {
  const match = matchOwners(codeowners, path);
  if (match.kind === "owned") return foundAt(codeowners.path, match.line, match.owners);
  const why =
    match.kind === "unowned"
      ? `CODEOWNERS line ${match.line} says that nobody owns the file`
      : `${absence[codeowners.kind]} names owners of the file`;
  const place = match.kind === "unowned" ? { ...endOf(codeowners), line: match.line } : endOf(codeowners);
  return { kind: "missing", why, lineToAdd: lineForFile(path), place };
}

/** The last line that says something: the one to add comes after it. */
function endOf({ path, lines, invalidLines }: ParsedCodeowners): Place {
  return { path, line: Math.max(1, lines.at(-1)?.line ?? 1, invalidLines.at(-1) ?? 1), column: 1 };
}

function foundAt(path: string, line: number, owners: readonly string[]): RoleOwners {
  return { kind: "found", owners, source: `CODEOWNERS line ${line}`, place: { path, line, column: 1 } };
}

const absence: Readonly<Record<ParsedCodeowners["kind"], string>> = {
  absent: "there is no CODEOWNERS file that",
  unreadable: "CODEOWNERS could not be read, so nothing",
  "too-large": "CODEOWNERS is too large and ignored, so nothing",
  read: "no line of CODEOWNERS",
};

function namedByPolicy(policy: Pick<Policy, "roles">, role: string): string[] {
  if (!Object.hasOwn(policy.roles, role)) return [];
  const names = (policy.roles[role] ?? []).map((owner) => owner.toLowerCase());
  return [...new Set(names)].filter(isOwnerName);
}

/** Role lines are cut out once for each role, so that their own index is built once. */
const roleLines = new WeakMap<ParsedCodeowners, Map<string, readonly CodeownersLine[]>>();

function linesOfRole(codeowners: ParsedCodeowners, role: string): readonly CodeownersLine[] {
  const byRole = roleLines.get(codeowners) ?? new Map<string, readonly CodeownersLine[]>();
  roleLines.set(codeowners, byRole);
  const known = byRole.get(role);
  if (known !== undefined) return known;
  const start = `/.github/roles/${role}/`;
  const lines = codeowners.lines.filter((line) => line.pattern.startsWith(start));
  byRole.set(role, lines);
  return lines;
}

function lineForRole(role: string): string {
  return `/.github/roles/${role}/ @ORGANISATION/TEAM`;
}

/** A line for the file's folder, as far as CODEOWNERS can write its name: `[`, `]` and a leading `#` cannot be escaped. */
function lineForFile(path: string): string {
  const folders: string[] = [];
  for (const folder of path.split("/").slice(0, -1)) {
    if (/[[\]\s]/.test(folder.replaceAll(" ", ""))) break;
    folders.push(folder.replaceAll(/[\\ *?]/g, "\\$&"));
  }
  return `/${folders.map((folder) => `${folder}/`).join("")}${folders.length === 0 ? "*" : ""} @ORGANISATION/TEAM`;
}
