import type { IFbClient } from "@featbit/node-server-sdk";

/** How long FeatBit's stream has been silent. */
export interface StreamWatch {
  /** Milliseconds since anything came over the stream; `Infinity` before the first word. */
  silentMs(): number;
  stop(): void;
}

/** The SDK makes a new socket at every reconnect; it is looked for this often. */
const lookEveryMs = 250;

function readMember(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? Reflect.get(holder, name) : undefined;
}

/**
 * Listens to the socket of a streaming SDK client. The SDK says nothing when its stream ends: with code 4003 it never comes
 * back, and `initialized()` stays true (facts/featbit.md section 11, pitfall 5). A server that is there answers every ping,
 * so that silence much longer than the ping interval means that FeatBit is away, whatever broke.
 *
 * The socket is private to the SDK, whose version is pinned; when it is not found the stream counts as silent.
 */
export function watchStream(client: IFbClient, stopwatch: () => number = () => performance.now()): StreamWatch {
  const heardBy = new WeakSet<object>();
  let heardAt = -Infinity;
  const hear = (): void => {
    heardAt = stopwatch();
  };
  const look = (): void => {
    const socket = readMember(readMember(readMember(client, "dataSynchronizer"), "socket"), "ws");
    if (typeof socket !== "object" || socket === null || heardBy.has(socket)) return;
    const listen = readMember(socket, "addEventListener");
    if (typeof listen !== "function") return;
    heardBy.add(socket);
    Reflect.apply(listen, socket, ["message", hear]);
  };
  client.on("ready", hear);
  client.on("update", hear);
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  look();
  return {
    silentMs: () => stopwatch() - heardAt,
    stop: () => clearInterval(timer),
  };
}
