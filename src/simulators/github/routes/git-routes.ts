import type { SimulatorResponse } from "../../loopback-server.ts";
import { changeRef } from "../domain/push.ts";
import {
  readString,
  readStrings,
  reads,
  repositoryRoute,
  requireSender,
  writes,
  type Call,
  type Route,
} from "../http/route.ts";
import { renderNodeId } from "../render/render-account.ts";
import { renderGitCommit } from "../render/render-git.ts";
import { renderRepositoryUrl } from "../render/render-repository.ts";
import { resolveCommit } from "../find-in-world.ts";
import { GitHubFailure, type Repository } from "../world.ts";
import { readSignatures } from "./content-routes.ts";

type Json = Record<string, unknown>;

/** GitHub truncates a recursive tree at 100 000 entries. */
const maximumEntries = 100_000;
const modes = ["100644", "100755", "040000", "160000", "120000"];

function renderRef(call: Call, repo: Repository, name: string, oid: string): Json {
  const url = renderRepositoryUrl(call.world, repo);
  const kind = repo.store.readObject(oid)?.kind ?? "commit";
  return {
    ref: name,
    node_id: renderNodeId("Ref", repo.id) + name.length,
    url: `${url}/git/${name}`,
    object: { type: kind, sha: oid, url: `${url}/git/${kind}s/${oid}` },
  };
}

function renderTree(call: Call, repo: Repository, oid: string, recursive: boolean): Json {
  const url = renderRepositoryUrl(call.world, repo);
  const entries = recursive
    ? repo.store.listTree(oid)
    : (repo.store.readTree(oid) ?? []).map((entry) => ({ ...entry, path: entry.name }));
  return {
    sha: oid,
    url: `${url}/git/trees/${oid}`,
    tree: entries.slice(0, maximumEntries).map((entry) => ({
      path: entry.path,
      mode: entry.mode,
      type: entry.kind,
      sha: entry.oid,
      ...(entry.kind === "blob" ? { size: repo.store.readBlob(entry.oid)?.length ?? 0 } : {}),
      ...(entry.kind === "commit"
        ? {}
        : { url: `${url}/git/${entry.kind === "tree" ? "trees" : "blobs"}/${entry.oid}` }),
    })),
    truncated: entries.length > maximumEntries,
  };
}

/** The tree a SHA names, directly or through a commit or branch. */
function requireTree(repo: Repository, name: string): string {
  if (repo.store.readTree(name) !== undefined) return name;
  const commit = resolveCommit(repo, name);
  if (commit === undefined) throw new GitHubFailure(404, "Not Found");
  return repo.store.requireCommit(commit).tree;
}

function readTreeEdits(repo: Repository, body: Json): { path: string; mode: string; oid: string | null }[] {
  const items = Array.isArray(body["tree"]) ? (body["tree"] as unknown[]) : [];
  return items.map((item) => {
    const entry = typeof item === "object" && item !== null ? (item as Json) : {};
    const path = readString(entry, "path") ?? "";
    const mode = readString(entry, "mode") ?? "100644";
    const content = readString(entry, "content");
    const sha = content === undefined ? entry["sha"] : repo.store.writeBlob(Buffer.from(content));
    const isMissing = typeof sha === "string" && mode !== "160000" && repo.store.readObject(sha) === undefined;
    if (path === "" || path.startsWith("/") || !modes.includes(mode) || isMissing) {
      throw new GitHubFailure(422, `tree.${path === "" ? "path" : isMissing ? "sha" : "mode"} is not valid`);
    }
    return { path, mode, oid: typeof sha === "string" ? sha : null };
  });
}

function createTree(call: Call, repo: Repository): SimulatorResponse {
  const base = readString(call.body, "base_tree");
  const edits = readTreeEdits(repo, call.body);
  const oid = repo.store.editTree(base === undefined ? undefined : requireTree(repo, base), edits);
  return { status: 201, body: renderTree(call, repo, oid, false) };
}

function createCommit(call: Call, repo: Repository): SimulatorResponse {
  const tree = readString(call.body, "tree") ?? "";
  const parents = readStrings(call.body, "parents");
  if (repo.store.readTree(tree) === undefined) throw new GitHubFailure(422, "Tree SHA does not exist");
  if (parents.some((parent) => repo.store.readCommit(parent) === undefined)) {
    throw new GitHubFailure(422, "Parent SHA does not exist or is not a commit object");
  }
  const message = readString(call.body, "message") ?? "";
  const oid = repo.store.writeCommit({ tree, parents, ...readSignatures(call), message });
  return { status: 201, body: renderGitCommit(call.world, repo, repo.store.requireCommit(oid)) };
}

function createRef(call: Call, repo: Repository): SimulatorResponse {
  const ref = readString(call.body, "ref") ?? "";
  const sha = readString(call.body, "sha") ?? "";
  if (!/^refs\/[^/]+\/[^\s~^:?*[\\]+$/.test(ref) || ref.includes("..") || ref.endsWith("/")) {
    throw new GitHubFailure(422, `${ref} is not a valid ref name.`);
  }
  if (repo.refs.has(ref)) throw new GitHubFailure(422, "Reference already exists");
  if (repo.store.readCommit(sha) === undefined) throw new GitHubFailure(422, "Object does not exist");
  changeRef(call.world, { repo, ref, to: sha, by: requireSender(call) });
  return { status: 201, body: renderRef(call, repo, ref, sha) };
}

function requireRef(call: Call, repo: Repository): { name: string; oid: string } {
  const name = `refs/${call.params["ref"] ?? ""}`;
  const oid = repo.refs.get(name);
  if (oid === undefined) throw new GitHubFailure(404, "Not Found");
  return { name, oid };
}

function updateRef(call: Call, repo: Repository): SimulatorResponse {
  const name = `refs/${call.params["ref"] ?? ""}`;
  if (!repo.refs.has(name)) throw new GitHubFailure(422, "Reference does not exist");
  const sha = readString(call.body, "sha") ?? "";
  if (repo.store.readCommit(sha) === undefined) throw new GitHubFailure(422, "Object does not exist");
  const force = call.body["force"] === true;
  changeRef(call.world, { repo, ref: name, to: sha, by: requireSender(call), fastForwardOnly: !force });
  return { status: 200, body: renderRef(call, repo, name, sha) };
}

/** The git data API. */
export const gitRoutes: Route[] = [
  repositoryRoute("POST /repos/{owner}/{repo}/git/blobs", writes("write", "contents"), (call, repo) => {
    const encoding = readString(call.body, "encoding") === "base64" ? "base64" : "utf8";
    const sha = repo.store.writeBlob(Buffer.from(readString(call.body, "content") ?? "", encoding));
    return { status: 201, body: { sha, url: `${renderRepositoryUrl(call.world, repo)}/git/blobs/${sha}` } };
  }),
  repositoryRoute("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", reads("contents"), (call, repo) => {
    const sha = call.params["file_sha"] ?? "";
    const content = repo.store.readBlob(sha);
    if (content === undefined) throw new GitHubFailure(404, "Not Found");
    if (/\.raw\b/.test(call.request.headers.accept ?? "")) {
      return { status: 200, body: content, headers: { "content-type": "application/vnd.github.raw; charset=utf-8" } };
    }
    const body = {
      sha,
      node_id: renderNodeId("Blob", repo.id) + sha,
      size: content.length,
      url: `${renderRepositoryUrl(call.world, repo)}/git/blobs/${sha}`,
      content: content.toString("base64").replace(/(.{60})/g, "$1\n"),
      encoding: "base64",
    };
    return { status: 200, body };
  }),
  repositoryRoute("POST /repos/{owner}/{repo}/git/trees", writes("write", "contents"), createTree),
  repositoryRoute("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", reads("contents"), (call, repo) => {
    const oid = requireTree(repo, call.params["tree_sha"] ?? "");
    return { status: 200, body: renderTree(call, repo, oid, call.query.has("recursive")) };
  }),
  repositoryRoute("POST /repos/{owner}/{repo}/git/commits", writes("write", "contents"), createCommit),
  repositoryRoute("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", reads("contents"), (call, repo) => {
    const commit = repo.store.readCommit(call.params["commit_sha"] ?? "");
    if (commit === undefined) throw new GitHubFailure(404, "Not Found");
    return { status: 200, body: renderGitCommit(call.world, repo, commit) };
  }),
  repositoryRoute("POST /repos/{owner}/{repo}/git/refs", writes("write", "contents"), createRef),
  repositoryRoute("GET /repos/{owner}/{repo}/git/ref/{ref}", reads("contents"), (call, repo) => {
    const { name, oid } = requireRef(call, repo);
    return { status: 200, body: renderRef(call, repo, name, oid) };
  }),
  repositoryRoute("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", reads("contents"), (call, repo) => {
    const prefix = `refs/${call.params["ref"] ?? ""}`;
    const found = [...repo.refs].filter(([name]) => name.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
    return { status: 200, body: found.map(([name, oid]) => renderRef(call, repo, name, oid)) };
  }),
  repositoryRoute("PATCH /repos/{owner}/{repo}/git/refs/{ref}", writes("write", "contents"), updateRef),
  repositoryRoute("DELETE /repos/{owner}/{repo}/git/refs/{ref}", writes("write", "contents"), (call, repo) => {
    const name = `refs/${call.params["ref"] ?? ""}`;
    if (!repo.refs.has(name)) throw new GitHubFailure(422, "Reference does not exist");
    changeRef(call.world, { repo, ref: name, to: undefined, by: requireSender(call) });
    return { status: 204 };
  }),
];
