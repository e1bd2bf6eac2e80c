import type { SimulatorResponse } from "../../loopback-server.ts";
import { signAs } from "../domain/signatures.ts";
import { changeRef } from "../domain/push.ts";
import type { FlatEntry } from "../git/git-store.ts";
import { readString, reads, repositoryRoute, requireSender, writes, type Call, type Route } from "../http/route.ts";
import { renderGitCommit } from "../render/render-git.ts";
import { renderHtmlUrl, renderRepositoryUrl } from "../render/render-repository.ts";
import { resolveCommit } from "../find-in-world.ts";
import { GitHubFailure, type Repository } from "../world.ts";

type Json = Record<string, unknown>;

const maximumInline = 1024 * 1024;
const maximumRaw = 100 * 1024 * 1024;
const maximumListing = 1000;

function renderEntry(call: Call, repo: Repository, entry: FlatEntry, ref: string, listed: boolean): Json {
  const url = renderRepositoryUrl(call.world, repo);
  const html = renderHtmlUrl(call.world, repo);
  const path = entry.path.split("/").map(encodeURIComponent).join("/");
  const kindUrl = entry.kind === "tree" ? "trees" : "blobs";
  const self = `${url}/contents/${path}?ref=${encodeURIComponent(ref)}`;
  const gitUrl = entry.kind === "commit" ? null : `${url}/git/${kindUrl}/${entry.oid}`;
  const page = entry.kind === "commit" ? null : `${html}/${entry.kind === "tree" ? "tree" : "blob"}/${ref}/${path}`;
  const isSymlink = entry.mode === "120000";
  // A folder's listing calls a submodule a file, for compatibility with clients older than submodules.
  const submodule = listed ? "file" : "submodule";
  return {
    type: entry.kind === "tree" ? "dir" : entry.kind === "commit" ? submodule : isSymlink ? "symlink" : "file",
    size: entry.kind === "blob" ? (repo.store.readBlob(entry.oid)?.length ?? 0) : 0,
    name: entry.path.split("/").at(-1) ?? "",
    path: entry.path,
    sha: entry.oid,
    url: self,
    git_url: gitUrl,
    html_url: page,
    download_url: entry.kind === "blob" ? `${html}/raw/${ref}/${path}` : null,
    _links: { git: gitUrl, self, html: page },
  };
}

function joinTarget(path: string, target: string): string | undefined {
  if (target.startsWith("/")) return undefined;
  const parts = path.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

/** The file behind a symlink when it is a normal file of the repository: GitHub answers with that file's content. */
function followSymlink(repo: Repository, tree: string, entry: FlatEntry): FlatEntry {
  if (entry.mode !== "120000") return entry;
  const target = joinTarget(entry.path, repo.store.readBlob(entry.oid)?.toString("utf8") ?? "");
  const found = target === undefined ? undefined : repo.store.findEntry(tree, target);
  return found?.kind === "blob" && found.mode !== "120000" ? { ...found, path: entry.path } : entry;
}

function answerFile(call: Call, repo: Repository, entry: FlatEntry, ref: string): SimulatorResponse {
  const content = repo.store.readBlob(entry.oid) ?? Buffer.alloc(0);
  const accept = call.request.headers.accept ?? "";
  if (content.length > maximumRaw) throw new GitHubFailure(403, "This API returns blobs up to 100 MB in size.");
  if (/application\/vnd\.github(?:\.v3|\.[a-z-]+)?\.raw/.test(accept)) {
    return { status: 200, body: content, headers: { "content-type": "application/vnd.github.raw; charset=utf-8" } };
  }
  if (entry.mode === "120000") {
    return { status: 200, body: { ...renderEntry(call, repo, entry, ref, false), target: content.toString("utf8") } };
  }
  // Beyond a megabyte the content is empty and the encoding says `none`: whoever decodes blindly reads an empty file.
  const isInline = content.length <= maximumInline;
  const body = {
    ...renderEntry(call, repo, entry, ref, false),
    encoding: isInline ? "base64" : "none",
    content: isInline ? content.toString("base64").replace(/(.{60})/g, "$1\n") : "",
  };
  return { status: 200, body };
}

function getContents(call: Call, repo: Repository): SimulatorResponse {
  const ref = call.query.get("ref") ?? repo.defaultBranch;
  const sha = resolveCommit(repo, ref);
  if (sha === undefined) throw new GitHubFailure(404, `No commit found for the ref ${ref}`);
  const { tree } = repo.store.requireCommit(sha);
  const path = (call.params["path"] ?? "").replace(/\/$/, "");
  const entry = repo.store.findEntry(tree, path);
  if (entry === undefined) throw new GitHubFailure(404, "Not Found");
  if (entry.kind === "tree") {
    const children = (repo.store.readTree(entry.oid) ?? []).slice(0, maximumListing).map((child) => ({
      path: path === "" ? child.name : `${path}/${child.name}`,
      mode: child.mode,
      kind: child.kind,
      oid: child.oid,
    }));
    return { status: 200, body: children.map((child) => renderEntry(call, repo, child, ref, true)) };
  }
  if (entry.kind === "commit") {
    return { status: 200, body: { ...renderEntry(call, repo, entry, ref, false), submodule_git_url: null } };
  }
  return answerFile(call, repo, followSymlink(repo, tree, entry), ref);
}

function readPerson(call: Call, key: string): { name: string; email: string; date: Date } {
  const own = signAs(call.world, requireSender(call));
  const value = call.body[key];
  if (typeof value !== "object" || value === null) return own;
  const { name, email, date } = value as Json;
  return {
    name: typeof name === "string" ? name : own.name,
    email: typeof email === "string" ? email : own.email,
    date: typeof date === "string" ? new Date(date) : own.date,
  };
}

/** The author and committer a body names, or the one who asks. */
export function readSignatures(call: Call): {
  author: ReturnType<typeof readPerson>;
  committer: ReturnType<typeof readPerson>;
} {
  const author = readPerson(call, "author");
  return { author, committer: call.body["committer"] === undefined ? author : readPerson(call, "committer") };
}

function putContents(call: Call, repo: Repository): SimulatorResponse {
  const branch = readString(call.body, "branch") ?? repo.defaultBranch;
  const tip = repo.refs.get(`refs/heads/${branch}`);
  if (tip === undefined) throw new GitHubFailure(404, `Branch ${branch} not found`);
  const path = call.params["path"] ?? "";
  const { tree } = repo.store.requireCommit(tip);
  const old = repo.store.findEntry(tree, path);
  const claimed = readString(call.body, "sha");
  if (old === undefined ? claimed !== undefined : old.oid !== claimed) {
    if (claimed === undefined) throw new GitHubFailure(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
    throw new GitHubFailure(409, `${path} does not match ${claimed}`);
  }
  const oid = repo.store.writeBlob(Buffer.from(readString(call.body, "content") ?? "", "base64"));
  const edited = repo.store.editTree(tree, [{ path, mode: old?.mode ?? "100644", oid }]);
  const message = readString(call.body, "message") ?? `Update ${path}`;
  const sha = repo.store.writeCommit({ tree: edited, parents: [tip], ...readSignatures(call), message });
  changeRef(call.world, { repo, ref: `refs/heads/${branch}`, to: sha, by: requireSender(call) });
  const entry = { path, mode: "100644", kind: "blob" as const, oid };
  return {
    status: old === undefined ? 201 : 200,
    body: {
      content: renderEntry(call, repo, entry, branch, false),
      commit: renderGitCommit(call.world, repo, repo.store.requireCommit(sha)),
    },
  };
}

/** Files by path. */
export const contentRoutes: Route[] = [
  repositoryRoute("GET /repos/{owner}/{repo}/contents/{path}", reads("contents"), getContents),
  repositoryRoute("PUT /repos/{owner}/{repo}/contents/{path}", writes("write", "contents"), putContents),
];
