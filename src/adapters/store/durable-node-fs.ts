import { closeSync, fsyncSync, openSync } from "node:fs";
import type { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";
import { InternalError } from "../../core/problem.ts";

type EmscriptenOptions = Parameters<NodeFS["init"]>[1];

/**
 * PGlite's own file system for Node never calls fsync: a power cut takes every commit since the start (facts/storage.md,
 * Durability). This one hands PostgreSQL's fsync through to the disk and counts the calls, so that the start-up
 * self-test can prove it. The hook point is inside Emscripten and moved within 0.5.x: the version is pinned, and a
 * version without the hook point refuses to start here.
 */
export class DurableNodeFS extends NodeFS {
  /** How many files and directories were flushed to the disk since the start. */
  flushes = 0;
  readonly #reportFailure: (error: unknown) => void;

  /** `reportFailure` hears of a flush that the disk refused; what was written since the last one may be gone. */
  constructor(directory: string, reportFailure: (error: unknown) => void) {
    super(directory);
    this.#reportFailure = reportFailure;
  }

  override async init(pg: PGlite, options: EmscriptenOptions): ReturnType<NodeFS["init"]> {
    const result = await super.init(pg, options);
    const { emscriptenOpts } = result;
    const hook = (module: unknown): void => {
      readNodeFs(module).stream_ops.fsync = (stream) => {
        this.flushes += 1;
        try {
          flush(module, stream);
          return 0;
        } catch (error) {
          this.#reportFailure(error);
          return inputOutputError;
        }
      };
    };
    return { ...result, emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), hook] } };
  }
}

/**
 * The errno of musl that PostgreSQL understands. It must be returned: an exception from here is swallowed on the way and
 * the commit is acknowledged (tried with PGlite 0.5.16).
 */
const inputOutputError = 29;

/** The part of Emscripten's NODEFS that the hook needs. `nfd` is Node's file descriptor; directories have none. */
interface NodeFsInside {
  stream_ops: { fsync?: (stream: OpenStream) => number };
  realPath: (node: unknown) => string;
}

interface OpenStream {
  nfd?: number;
  node: unknown;
}

function readNodeFs(module: unknown): NodeFsInside {
  const inside: unknown = isObject(module) ? module["NODEFS"] : undefined;
  if (isNodeFsInside(inside)) return inside;
  throw new InternalError("this version of PGlite has no place for the fsync hook");
}

function flush(module: unknown, stream: OpenStream): void {
  if (stream.nfd !== undefined) {
    fsyncSync(stream.nfd);
    return;
  }
  const directory = openSync(readNodeFs(module).realPath(stream.node), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isNodeFsInside(value: unknown): value is NodeFsInside {
  return isObject(value) && isObject(value["stream_ops"]) && typeof value["realPath"] === "function";
}
