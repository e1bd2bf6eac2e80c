import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { LoopbackServer, SimulatorRequest, SimulatorResponse } from "../loopback-server.ts";
import { answerProblem } from "./api-answer.ts";
import { readEnvironmentId, parseStreamToken } from "./environment-secret.ts";
import { evaluateFlag, type SimEndUser } from "./evaluate-flag.ts";
import type { SimFlag, SimSegment } from "./featbit-data.ts";
import type { FeatBitWorld, WorldChange } from "./featbit-world.ts";

/** What FeatBit's evaluation server calls too old or too new in a connection token. */
const tokenExpiryMs = 30_000;

/** At most four fragments of 2 KiB are read of a client's message. */
const maximumClientMessage = 4 * 2048;

/** What the evaluation server has heard of one environment; it lags the api-server by the propagation delay. */
interface View {
  flags: Map<string, SimFlag>;
  segments: Map<string, SimSegment>;
}

interface Stream {
  socket: WebSocket;
  envId: string;
  /** Nothing is pushed before the client asked for its first data. */
  isSynced: boolean;
}

export interface EvaluationServer {
  handle(request: SimulatorRequest): SimulatorResponse;
  /** Listens to upgrades on the loopback server. */
  attach(server: LoopbackServer): void;
  /** Bodies of accepted track calls, one entry an insight. */
  insights: readonly unknown[];
  /** How many streams are open now. */
  countStreams(): number;
  /** How long a change takes from the api-server to SDKs. Changes never overtake each other. */
  setPropagationDelay(milliseconds: number): void;
  /** Breaks every stream without a closing handshake; SDKs reconnect by themselves. */
  dropStreams(): void;
  /** What new streams are closed with: 4003 (never come back), 1011 (store down), or null to accept them. */
  refuseStreams(code: 4003 | 1011 | null): void;
  /** Moves the server's own clock against the client's; more than 30 s make every connection end with 4003. */
  setClockSkew(milliseconds: number): void;
  close(): void;
}

/** The sync form of a flag: what the store gives, without the members that only the management API has. */
function renderFlag(flag: SimFlag): object {
  const { revision: _revision, creatorId: _creator, updatorId: _updator, createdAt: _created, ...synced } = flag;
  return synced;
}

function renderSegment(segment: SimSegment): object {
  const { id, envId, name, description, included, excluded, rules, updatedAt, isArchived } = segment;
  return { id, envId, name, description, included, excluded, rules, updatedAt, isArchived };
}

/**
 * The evaluation server over a world: streaming as in facts/featbit-streaming.md, polling, track and evaluate.
 * Connection tokens are judged by the machine's clock, because the SDK writes that one into them.
 */
export function createEvaluationServer(world: FeatBitWorld): EvaluationServer {
  const views = new Map<string, View>();
  const streams = new Set<Stream>();
  const insights: unknown[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maximumClientMessage });
  let delayMs = 0;
  let lastDue = 0;
  let skewMs = 0;
  let refusal: 4003 | 1011 | null = null;

  const viewOf = (envId: string): View => {
    let view = views.get(envId);
    if (view === undefined) {
      view = { flags: new Map(), segments: new Map() };
      views.set(envId, view);
    }
    return view;
  };

  const renderSync = (envId: string, since: number) => {
    const isNewer = (item: { updatedAt: string }) => since === 0 || Date.parse(item.updatedAt) > since;
    const view = viewOf(envId);
    return {
      messageType: "data-sync",
      data: {
        eventType: since === 0 ? "full" : "patch",
        featureFlags: [...view.flags.values()].filter(isNewer).map(renderFlag),
        segments: [...view.segments.values()].filter(isNewer).map(renderSegment),
      },
    };
  };

  const push = (envId: string, data: { featureFlags: object[]; segments: object[] }): void => {
    const text = JSON.stringify({ messageType: "data-sync", data: { eventType: "patch", ...data } });
    for (const stream of streams) if (stream.envId === envId && stream.isSynced) stream.socket.send(text);
  };

  const learn = (change: WorldChange): void => {
    if (change.kind === "flag") {
      const { flag } = change;
      if (change.isDeleted) {
        // There is no delete message: SDKs keep a deleted flag until they restart.
        viewOf(flag.envId).flags.delete(flag.id);
        return;
      }
      viewOf(flag.envId).flags.set(flag.id, flag);
      push(flag.envId, { featureFlags: [flag], segments: [] });
      return;
    }
    const { segment } = change;
    // The store has the flags' new time, but server SDKs are not told of it.
    for (const flag of change.touchedFlags) viewOf(flag.envId).flags.set(flag.id, flag);
    for (const envId of world.environments.keys()) {
      const scope = `${world.scopeOfEnvironment(envId)}:`;
      if (!segment.scopes.some((own) => scope.startsWith(`${own}:`))) continue;
      viewOf(envId).segments.set(segment.id, segment);
      push(envId, { featureFlags: [], segments: [segment] });
    }
  };

  world.onChange((change) => {
    const now = performance.now();
    lastDue = Math.max(lastDue, now + delayMs);
    if (lastDue <= now) {
      learn(change);
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      learn(change);
    }, lastDue - now);
    timers.add(timer);
  });

  const findStreamEnvironment = (url: URL): string | null => {
    const version = url.searchParams.get("version") ?? "";
    if (url.searchParams.get("type") !== "server" || !["", "1", "2"].includes(version)) return null;
    const token = parseStreamToken(url.searchParams.get("token") ?? "");
    if (token === null || Math.abs(Date.now() + skewMs - token.timestamp) > tokenExpiryMs) return null;
    for (const environment of world.environments.values()) {
      if (environment.secrets.some((secret) => secret.type === "server" && secret.value === token.secret)) {
        return environment.id;
      }
    }
    return null;
  };

  const answerMessage = (stream: Stream, raw: RawData): void => {
    const message = JSON.parse((raw as Buffer).toString("utf8")) as {
      messageType?: unknown;
      data?: { timestamp?: unknown } | null;
    };
    if (message.messageType === "data-sync") {
      stream.isSynced = true;
      stream.socket.send(JSON.stringify(renderSync(stream.envId, Number(message.data?.timestamp ?? 0))));
    } else if (message.messageType === "ping") {
      stream.socket.send(JSON.stringify({ messageType: "pong", data: {} }));
    } else if (message.messageType === "echo") {
      stream.socket.send(JSON.stringify(message));
    }
  };

  const accept = (socket: WebSocket, url: URL): void => {
    const envId = findStreamEnvironment(url);
    // The upgrade is accepted first and refused with a close code after it; SDKs act on the code.
    if (refusal !== null || envId === null) {
      socket.close(refusal ?? 4003);
      return;
    }
    const stream: Stream = { socket, envId, isSynced: false };
    streams.add(stream);
    socket.on("message", (raw) => answerMessage(stream, raw));
    socket.on("close", () => streams.delete(stream));
    socket.on("error", () => streams.delete(stream));
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (!url.pathname.startsWith("/streaming")) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, url));
  };

  const readSecret = (request: SimulatorRequest): string | null =>
    readEnvironmentId(request.headers.authorization ?? "");

  const answerLatest = (request: SimulatorRequest, envId: string): SimulatorResponse => {
    const since = Number(request.query.get("timestamp") ?? 0);
    const sync = renderSync(envId, since);
    const isEmpty = sync.data.featureFlags.length === 0 && sync.data.segments.length === 0;
    return since !== 0 && isEmpty ? { status: 200 } : { status: 200, body: sync };
  };

  const answerTrack = (request: SimulatorRequest): SimulatorResponse => {
    if (!Array.isArray(request.body)) return answerProblem(400, "The JSON value could not be converted.");
    // Entries without a user are dropped silently.
    const valid = (request.body as { user?: { keyId?: unknown } }[]).filter((entry) => Boolean(entry.user?.keyId));
    insights.push(...valid);
    return { status: 200 };
  };

  const answerEvaluate = (request: SimulatorRequest, envId: string): SimulatorResponse => {
    const body = (request.body ?? {}) as {
      user?: SimEndUser;
      filter?: { keys?: string[]; tags?: string[]; tagFilterMode?: string };
    };
    const { user, filter } = body;
    if (user === undefined || user.keyId === "")
      return { status: 400, body: JSON.stringify("A valid user is required.") };
    const mode = filter?.tagFilterMode ?? "and";
    if (mode !== "and" && mode !== "or") return answerProblem(400, "tagFilterMode");
    const tags = filter?.tags ?? [];
    const { flags, segments } = viewOf(envId);
    const hasTags = (flag: SimFlag) =>
      tags.length === 0 ||
      (mode === "and" ? tags.every((tag) => flag.tags.includes(tag)) : tags.some((tag) => flag.tags.includes(tag)));
    const chosen = [...flags.values()].filter(
      (flag) => ((filter?.keys ?? []).length === 0 || filter?.keys?.includes(flag.key) === true) && hasTags(flag),
    );
    return {
      status: 200,
      body: chosen.map((flag) => {
        const { variation, matchReason, sendToExperiment } = evaluateFlag(flag, user, segments);
        const served = { id: variation?.id ?? null, type: flag.variationType, value: variation?.value ?? null };
        return { key: flag.key, variation: { ...served, matchReason, sendToExperiment } };
      }),
    };
  };

  return {
    insights,
    handle(request) {
      const envId = readSecret(request);
      const call = `${request.method} ${request.path}`;
      const isKnown =
        /^(?:GET \/api\/public\/sdk\/server\/latest-all|POST \/api\/public\/(?:insight\/track|featureflag\/evaluate))$/;
      if (!isKnown.test(call)) return { status: 404 };
      if (envId === null) return { status: 401 };
      if (request.path.endsWith("/latest-all")) return answerLatest(request, envId);
      return request.path.endsWith("/track") ? answerTrack(request) : answerEvaluate(request, envId);
    },
    attach(server) {
      server.server.on("upgrade", upgrade);
    },
    countStreams: () => streams.size,
    setPropagationDelay(milliseconds) {
      delayMs = milliseconds;
    },
    dropStreams() {
      for (const stream of streams) stream.socket.terminate();
    },
    refuseStreams(code) {
      refusal = code;
    },
    setClockSkew(milliseconds) {
      skewMs = milliseconds;
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
