import { createHash } from "node:crypto";
import { z } from "zod";
import type { FileContent, TreeEntry } from "../../core/facts.ts";
import { GitHubError } from "../../ports/github.ts";
import type { BoundedCache } from "./bounded-cache.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** Larger files are not read (SPEC 2), except where the caller names a limit of its own. */
export const maximumBlobBytes = 256 * 1024;

/** facts/github.md section 6: at most 50 aliases in a call; the bytes are our own bound on one answer. */
const maximumBatchBlobs = 50;
const maximumBatchBytes = 4 * 1024 * 1024;

/** A blob to read, as the tree lists it. */
export interface BlobWanted {
  oid: string;
  mode: TreeEntry["mode"];
  size: number;
  /** Limit in bytes in place of `maximumBlobBytes`. */
  maxBytes?: number;
}

function limitOf({ maxBytes = maximumBlobBytes }: BlobWanted): number {
  return maxBytes;
}

const oidPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

const graphqlBlob = z
  .object({
    byteSize: z.number(),
    isBinary: z.boolean().nullable(),
    isTruncated: z.boolean(),
    text: z.string().nullable(),
  })
  .nullable()
  .catch(null);

const restBlob = z.object({ encoding: z.string(), content: z.string(), size: z.number().nullable() });

/** The object id that Git gives these bytes; SHA-256 repositories have ids of 64 digits. */
function hashBlob(bytes: Uint8Array, oid: string): string {
  return createHash(oid.length === 64 ? "sha256" : "sha1")
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest("hex");
}

/** Says what bytes are: text only when they are strict UTF-8 without NUL. A byte order mark stays. */
export function classifyBytes(bytes: Uint8Array, maxBytes = maximumBlobBytes): FileContent {
  if (bytes.length > maxBytes) return { kind: "too-large", size: bytes.length };
  if (bytes.includes(0)) return { kind: "binary" };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { kind: "not-utf8" };
  }
  if (text.startsWith("version https://git-lfs.github.com/spec/")) return { kind: "lfs-pointer" };
  return { kind: "text", text };
}

function batch(blobs: readonly BlobWanted[]): BlobWanted[][] {
  const batches: BlobWanted[][] = [];
  let current: BlobWanted[] = [];
  let bytes = 0;
  for (const blob of blobs) {
    if (current.length === maximumBatchBlobs || (current.length > 0 && bytes + blob.size > maximumBatchBytes)) {
      batches.push(current);
      current = [];
      bytes = 0;
    }
    current.push(blob);
    bytes += blob.size;
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

/**
 * Asks GraphQL for a batch. What it cannot prove is left out: GraphQL recodes and cuts text, so a text counts only when
 * it hashes to the id that was asked for.
 */
async function queryBlobs(context: RepositoryContext, blobs: readonly BlobWanted[]): Promise<Map<string, FileContent>> {
  const variables: Record<string, string> = { owner: context.place.owner, name: context.place.repo };
  const declarations = ["$owner:String!", "$name:String!"];
  const selections: string[] = [];
  blobs.forEach((blob, index) => {
    variables[`o${index}`] = blob.oid;
    declarations.push(`$o${index}:GitObjectID!`);
    selections.push(`b${index}:object(oid:$o${index}){...on Blob{byteSize isBinary isTruncated text}}`);
  });
  const query = `query Blobs(${declarations.join(",")}){repository(owner:$owner,name:$name){${selections.join(" ")}}}`;
  const answer = await context.client.query(
    query,
    variables,
    z.object({ repository: z.record(z.string(), graphqlBlob).nullable() }),
    "read files",
  );
  const found = new Map<string, FileContent>();
  blobs.forEach((blob, index) => {
    const value = answer.repository?.[`b${index}`];
    if (value === undefined || value === null) return;
    if (value.byteSize > limitOf(blob)) {
      found.set(blob.oid, { kind: "too-large", size: value.byteSize });
      return;
    }
    if (value.text === null || value.isTruncated || value.isBinary !== false) return;
    const bytes = Buffer.from(value.text, "utf8");
    if (hashBlob(bytes, blob.oid) === blob.oid) found.set(blob.oid, classifyBytes(bytes, limitOf(blob)));
  });
  return found;
}

async function fetchBlob(context: RepositoryContext, wanted: BlobWanted): Promise<FileContent> {
  const { oid } = wanted;
  const blob = await context.client.get(
    "GET /repos/{owner}/{repo}/git/blobs/{file_sha}",
    { ...context.place, file_sha: oid },
    restBlob,
    "read a file",
  );
  if (blob.size !== null && blob.size > limitOf(wanted)) return { kind: "too-large", size: blob.size };
  const bytes = Buffer.from(blob.content, blob.encoding === "base64" ? "base64" : "utf8");
  if (hashBlob(bytes, oid) !== oid) {
    throw new GitHubError("failed to read a file: GitHub sent other content than the object id names", {
      kind: "unexpected",
      status: 200,
      retryable: false,
    });
  }
  return classifyBytes(bytes, limitOf(wanted));
}

/** GraphQL is only the faster way; the REST limits are counted apart, except when GitHub wants us to slow down. */
function mayFallBack(error: unknown): boolean {
  return error instanceof GitHubError && error.kind !== "rate-limited" && error.kind !== "unauthorized";
}

async function readBatch(context: RepositoryContext, blobs: readonly BlobWanted[]): Promise<Map<string, FileContent>> {
  let found: Map<string, FileContent>;
  try {
    found = await queryBlobs(context, blobs);
  } catch (error) {
    if (!mayFallBack(error)) throw error;
    context.log.warn({ err: error, blobs: blobs.length }, "GraphQL gave no file contents, reading them one by one");
    found = new Map();
  }
  for (const blob of blobs) {
    if (!found.has(blob.oid)) found.set(blob.oid, await fetchBlob(context, blob));
  }
  return found;
}

/** See `RepositoryPort.readBlobs`. Content never changes under its id, so `cache` may keep it. */
export async function readBlobs(
  context: RepositoryContext,
  cache: BoundedCache<FileContent>,
  blobs: readonly BlobWanted[],
): Promise<ReadonlyMap<string, FileContent>> {
  const scope = `${context.place.owner}/${context.place.repo}`;
  const contents = new Map<string, FileContent>();
  const wanted = new Map<string, BlobWanted>();
  for (const blob of blobs) {
    if (!oidPattern.test(blob.oid)) {
      throw new GitHubError("failed to read files: an object id has an unknown form", {
        kind: "invalid",
        status: 0,
        retryable: false,
      });
    }
    if (blob.mode === "symlink") contents.set(blob.oid, { kind: "symlink" });
    else if (blob.mode === "submodule") contents.set(blob.oid, { kind: "submodule" });
    else if (blob.size > limitOf(blob)) contents.set(blob.oid, { kind: "too-large", size: blob.size });
    else wanted.set(blob.oid, blob);
  }
  // A symlink whose target spells the content of a file has that file's id: it stays a symlink, and what shares its id
  // goes unread.
  const texts: BlobWanted[] = [];
  for (const blob of wanted.values()) {
    if (contents.has(blob.oid)) continue;
    const known = cache.get(`${scope} ${blob.oid}`);
    if (known === undefined) texts.push(blob);
    else contents.set(blob.oid, known);
  }
  for (const group of batch(texts)) {
    for (const [oid, content] of await readBatch(context, group)) {
      contents.set(oid, content);
      cache.set(`${scope} ${oid}`, content, content.kind === "text" ? content.text.length + 100 : 100);
    }
  }
  return contents;
}
