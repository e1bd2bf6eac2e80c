import { decidePermission, decideTeamPermission, isAtLeast } from "../permissions.ts";
import { findAccount, findTeam } from "../find-in-world.ts";
import type { Repository, World } from "../world.ts";

interface OwnerError {
  line: number;
  column: number;
  kind: string;
  source: string;
  suggestion: string | null;
  message: string;
  path: string;
}

const locations = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
const maximumSize = 3 * 1024 * 1024;

function judgeOwner(world: World, repo: Repository, owner: string): "fine" | "unknown" | "no-write" | "invalid" {
  const team = /^@([^/]+)\/([\w-]+)$/.exec(owner);
  if (team !== null) {
    const found = findTeam(world, team[1] ?? "", team[2] ?? "");
    if (found === undefined || found.org !== repo.owner || found.privacy === "secret") return "unknown";
    return isAtLeast(decideTeamPermission(found, repo), "write") ? "fine" : "no-write";
  }
  const isEmail = /^[^@\s]+@[^@\s]+$/.test(owner);
  const isLogin = /^@[A-Za-z0-9-]+$/.test(owner);
  if (!isEmail && !isLogin) return "invalid";
  const account = isEmail
    ? world.accounts.find((candidate) => candidate.email.toLowerCase() === owner.toLowerCase())
    : findAccount(world, owner.slice(1));
  if (account?.kind !== "User") return "unknown";
  return isAtLeast(decidePermission(world, repo, account), "write") ? "fine" : "no-write";
}

function describe(kind: string, line: string, column: number): string {
  return `${kind}\n\n  ${line}\n  ${" ".repeat(column - 1)}^`;
}

function checkLine(world: World, repo: Repository, path: string, text: string, line: number): OwnerError[] {
  // An escaped space belongs to the pattern.
  const words = [...text.replace(/\s#.*$/, "").matchAll(/(?:\\ |\S)+/g)];
  const make = (kind: string, column: number, suggestion: string | null, detail = kind): OwnerError => ({
    line,
    column,
    kind,
    source: text,
    suggestion,
    message: describe(`${detail} on line ${line}:`, text, column),
    path,
  });
  const pattern = words[0]?.[0] ?? "";
  if (/^!|\[|^\\#/.test(pattern)) return [make("Invalid pattern", 1, null)];
  for (const word of words.slice(1)) {
    const verdict = judgeOwner(world, repo, word[0]);
    const column = word.index + 1;
    if (verdict === "invalid") return [make("Invalid owner", column, null)];
    if (verdict === "unknown" || verdict === "no-write") {
      const isTeam = word[0].includes("/");
      const suggestion = `make sure ${isTeam ? "the team " : ""}${word[0]} exists${isTeam ? ", is publicly visible," : ""} and has write access to the repository`;
      return [make("Unknown owner", column, suggestion)];
    }
  }
  return [];
}

/** What GitHub would report about the first CODEOWNERS file of a commit; undefined when there is none. The first mistake of each line is given. */
export function findOwnerErrors(world: World, repo: Repository, sha: string): OwnerError[] | undefined {
  const { tree } = repo.store.requireCommit(sha);
  for (const path of locations) {
    const entry = repo.store.findEntry(tree, path);
    const content = entry?.kind === "blob" ? repo.store.readBlob(entry.oid) : undefined;
    if (content === undefined) continue;
    if (content.length >= maximumSize) return undefined;
    return content
      .toString("utf8")
      .split(/\r?\n/)
      .flatMap((text, index) => (/^\s*(?:#|$)/.test(text) ? [] : checkLine(world, repo, path, text, index + 1)));
  }
  return undefined;
}
