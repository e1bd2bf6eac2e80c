import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";

export type ObjectKind = "blob" | "tree" | "commit" | "tag";

export interface GitObject {
  kind: ObjectKind;
  content: Buffer;
}

/**
 * Git's loose objects, read and written in this process: a `git` process for every read would cost milliseconds each.
 * Nothing packs the folder (`gc.auto` is 0), so every object that the `git` command writes is found here too.
 */
export class ObjectDatabase {
  readonly folder: string;
  readonly #cache = new Map<string, GitObject>();

  constructor(folder: string) {
    this.folder = folder;
  }

  write(kind: ObjectKind, content: Buffer): string {
    const whole = Buffer.concat([Buffer.from(`${kind} ${content.length}\0`), content]);
    const oid = createHash("sha1").update(whole).digest("hex");
    if (this.#cache.has(oid)) return oid;
    const folder = join(this.folder, "objects", oid.slice(0, 2));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, oid.slice(2)), deflateSync(whole, { level: 1 }));
    this.#cache.set(oid, { kind, content });
    return oid;
  }

  /** Undefined when there is no such object. */
  read(oid: string): GitObject | undefined {
    const cached = this.#cache.get(oid);
    if (cached !== undefined) return cached;
    if (!/^[0-9a-f]{40}$/.test(oid)) return undefined;
    let whole: Buffer;
    try {
      whole = inflateSync(readFileSync(join(this.folder, "objects", oid.slice(0, 2), oid.slice(2))));
    } catch {
      return undefined;
    }
    const end = whole.indexOf(0);
    const kind = whole.subarray(0, end).toString("latin1").split(" ")[0] as ObjectKind;
    const object = { kind, content: whole.subarray(end + 1) };
    this.#cache.set(oid, object);
    return object;
  }
}
