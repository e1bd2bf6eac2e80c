import { FbClientBuilder, type IFbClient } from "@featbit/node-server-sdk";

export interface SdkConnectionOptions {
  /** Environment's server secret. */
  sdkKey: string;
  streamingUrl: string;
  evaluationUrl: string;
  /**
   * Milliseconds between pings of the stream. The SDK's timer is not taken back by `close()` and keeps the process alive
   * until it fires (facts/featbit.md section 11, pitfall 1), so it is short.
   */
  pingIntervalMs: number;
}

/** A running SDK client with a view of what it holds. */
export interface SdkConnection {
  client: IFbClient;
  /** The flag as the SDK holds it, or null. */
  readHeldFlag(flagKey: string): unknown;
  /** Calls back whenever the SDK got data; returns how to stop. */
  onData(listener: () => void): () => void;
  close(): Promise<void>;
}

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

// Two things that the SDK keeps private are needed. Its version is pinned, the tests beside this file go through both, and
// when a field is not found the answer is the safe one: no flag is held, hence nothing is proven.

function readMember(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? Reflect.get(holder, name) : undefined;
}

/** The evaluation details name no version, so what the client holds is read from its store. */
function readHeldFlag(client: IFbClient, flagKey: string): unknown {
  const store = readMember(client, "store");
  const get = readMember(store, "get");
  return typeof get === "function" ? Reflect.apply(get, store, [{ namespace: "flags" }, flagKey]) : null;
}

/** The SDK's reconnect timer survives `close()` and would then open a stream that nobody can close. */
function stopReconnecting(client: IFbClient): void {
  const socket = readMember(readMember(client, "dataSynchronizer"), "socket");
  if (typeof socket === "object" && socket !== null) Reflect.set(socket, "connect", () => {});
}

/**
 * Connects the real SDK by streaming, without events and without a word on the console. It never fails: a client that
 * cannot connect stays uninitialised, and reconnects by itself in its own rhythm.
 */
export function openSdkConnection(options: SdkConnectionOptions): SdkConnection {
  const listeners = new Set<() => void>();
  const client = new FbClientBuilder({ webSocketPingInterval: options.pingIntervalMs })
    .sdkKey(options.sdkKey)
    .streamingUri(options.streamingUrl)
    .eventsUri(options.evaluationUrl)
    .disableEvents(true)
    // Nobody waits for initialisation; the timer only must not outlive a short process.
    .startWaitTime(1_000)
    .logger(silent)
    .build();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  client.on("ready", tell);
  client.on("update", tell);
  return {
    client,
    readHeldFlag: (flagKey) => readHeldFlag(client, flagKey),
    onData(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      stopReconnecting(client);
      await client.close();
    },
  };
}
