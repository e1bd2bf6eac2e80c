import { readFileSync } from "node:fs";

/** What a process dies of in a test. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/** Counts effects, and kills after one of them. */
export interface Bomb {
  /** Effects so far. */
  count: number;
  /** Dies after this effect; never when 0. */
  at: number;
  /** `port.method` of every effect so far. */
  seen: Set<string>;
  /** The newest of them: what it died after, also where somebody caught the error on the way. */
  last: string | null;
}

export function createBomb(at = 0): Bomb {
  return { count: 0, at, seen: new Set(), last: null };
}

/** Names that promise to change nothing. */
const readingName = /^(?:read|find|list|get|count|requires)[A-Z]/;

/** Those that change nothing although their names do not say so. Whatever stands here and in `readingName` not is an effect. */
const furtherReading = new Set([
  "openRepository",
  "openIntents",
  "lastOutcome",
  "exportAudit",
  "verifyStore",
  "ping",
  "waitUntilIdle",
  "measure",
]);

/** Whether a method of a port only looks. Everything else is an effect, so that a new method is one until it is named here. */
export function isReading(method: string): boolean {
  return readingName.test(method) || furtherReading.has(method);
}

/** The methods that a port's interface declares, read from its source: a type is gone when the program runs. */
export function listPortMethods(file: string, port: string): readonly string[] {
  const source = readFileSync(new URL(`../src/ports/${file}`, import.meta.url), "utf8");
  const begin = source.indexOf(`export interface ${port} `);
  if (begin < 0) throw new Error(`${file} has no ${port}`);
  const body = source.slice(begin, source.indexOf("\n}", begin));
  return [...body.matchAll(/^ {2}([A-Za-z]+)(?:<[^(]*>)?\(/gm)].map(([, name = ""]) => name);
}

/** The same port, which dies after the bomb's effect and answers nothing more, as a killed process would. */
export function arm<T extends object>(name: string, port: T, bomb: Bomb): T {
  return new Proxy(port, {
    get(target, property, receiver) {
      const member: unknown = Reflect.get(target, property, receiver);
      if (typeof member !== "function") return member;
      const method = String(property);
      return async (...input: unknown[]) => {
        if (bomb.at > 0 && bomb.count >= bomb.at) throw new Killed("dead");
        const call = member as (...all: unknown[]) => unknown;
        if (isReading(method)) return call.apply(target, input);
        const result: unknown = await call.apply(target, input);
        bomb.count += 1;
        bomb.last = `${name}.${method}`;
        bomb.seen.add(bomb.last);
        if (bomb.count === bomb.at) throw new Killed(`after ${name}.${method}`);
        return result;
      };
    },
  });
}
