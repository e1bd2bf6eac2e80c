import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "../../adapters/store/open-store.ts";
import { operatorUser, type OperatorRequest, type RawOperatorAnswer } from "../../flows/operator/operator-request.ts";
import { runOperatorRequest } from "../../flows/operator/run-operator-request.ts";
import { keyOfFlag } from "../../flows/records.ts";
import { UnprovenError } from "../../flows/rollout/advance-flag.ts";
import { runFlagJob } from "../../flows/run-flag-job.ts";
import { FeatBitError } from "../../ports/featbit.ts";
import { GitHubError } from "../../ports/github.ts";
import { StoreError } from "../../ports/store.ts";
import { createLog } from "../bot/create-log.ts";
import { openPorts } from "../bot/open-ports.ts";
import { listSecrets } from "../config/list-secrets.ts";
import { readConfiguration } from "../config/read-configuration.ts";
import { ChannelError } from "./channel-error.ts";
import { askSocket, findListener, SocketError } from "./ask-socket.ts";
import { fitsSocketName, socketPathOf } from "./operator-socket.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** How the operator's commands reach the store, which only one process may have open when it is embedded. */
export interface OperatorChannel {
  /**
   * - `running-app`: the app of this machine does it
   * - `database`: this process writes to PostgreSQL, and whichever worker is free does the work
   * - `own-store`: no app is running; this process holds the embedded store meanwhile and does the work itself
   */
  kind: "running-app" | "database" | "own-store";
  ask(request: OperatorRequest): Promise<RawOperatorAnswer>;
  close(): Promise<void>;
}

/** Who asks. Behind sudo the person's own name is worth more than `root`. */
export function readOperatorUser(env: Variables): string {
  const candidates = [env["SUDO_USER"], readUserName()];
  for (const candidate of candidates) {
    const cleaned = (candidate ?? "").replaceAll(/[^A-Za-z0-9._-]/g, "-");
    if (operatorUser.safeParse(cleaned).success) return cleaned;
  }
  return `uid-${String(process.getuid?.() ?? "unknown")}`;
}

function readUserName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may have a user number without a name.
    return "";
  }
}

const absent = new Set(["ENOENT", "ECONNREFUSED"]);

/** Null when no app listens there. @throws ChannelError when one does and this user may not ask it */
async function tryRunningApp(dataDir: string, user: string): Promise<OperatorChannel | null> {
  if (!existsSync(dataDir)) return null;
  const path = socketPathOf(dataDir);
  if (!fitsSocketName(path) || !existsSync(path)) return null;
  const ask: OperatorChannel["ask"] = async (request) => {
    try {
      return await askSocket(path, user, request);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      throw new ChannelError(
        `${error.message} (${error.code}). What was asked may have been done: \`routeward status\` and the audit log say so`,
        { cause: error },
      );
    }
  };
  try {
    await findListener(path);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    if (absent.has(error.code)) return null;
    if (error.code === "EACCES" || error.code === "EPERM")
      throw new ChannelError(`${path} belongs to another user: run this as the user that runs Routeward`, {
        cause: error,
      });
    throw new ChannelError(`${error.message} (${error.code}): is the app of ${dataDir} stuck?`, { cause: error });
  }
  return { kind: "running-app", ask, close: () => Promise.resolve() };
}

const workAttempts = 3;
const betweenAttemptsMs = 1_000;

/** What is told to GitHub after a proof may take this long before the process ends; the rest is told by the app. */
const afterworkMs = 10_000;

/** Runs the flag's job here; nobody else does while this process holds the store. What fails stays queued for the app. */
async function workHere(
  key: string,
  ports: Parameters<typeof runFlagJob>[1],
  now: () => Date,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; attempt <= workAttempts && !signal.aborted; attempt += 1) {
    try {
      await runFlagJob({ queue: "flag", key, data: {}, attempt, signal }, ports, now);
      return;
    } catch (error) {
      // The process ends: what is left is the app's.
      if (signal.aborted) return;
      // GitHub is told last, when FeatBit was dealt with.
      if (error instanceof GitHubError) return;
      if (!(error instanceof FeatBitError || error instanceof UnprovenError)) throw error;
      if (!error.retryable) return;
      await sleep(betweenAttemptsMs);
    }
  }
}

/** Opens the store in this process, with everything that the app would have. */
async function openOwn(env: Variables, user: string, now: () => Date): Promise<OperatorChannel> {
  const { environment, operator } = readConfiguration(env);
  const log = createLog({
    level: environment.logLevel === "debug" || environment.logLevel === "trace" ? environment.logLevel : "silent",
    secrets: listSecrets(environment, operator),
  });
  const { store } = environment;
  if (store.kind === "embedded" && !existsSync(store.dataDir))
    throw new ChannelError(`there is no store in ${store.dataDir}; DATA_DIR or DATABASE_URL names it`);
  const location = store.kind === "embedded" ? { dataDir: store.dataDir } : { databaseUrl: store.databaseUrl };
  const opened = await openStore(location, now).catch((error: unknown) => {
    if (store.kind === "embedded" && error instanceof StoreError && error.message.includes("another process"))
      throw new ChannelError(
        `a process holds ${store.dataDir} and its channel does not answer: it is starting or stopping, or another command is at work. Try again in a moment`,
        { cause: error },
      );
    throw error;
  });
  const { ports, closeFlags } = openPorts(environment, operator, { opened, log, now, pace: environment.githubPace });
  const isEmbedded = store.kind === "embedded";
  const ending = new AbortController();
  let failure: { error: unknown } | null = null;
  let work: Promise<void> = Promise.resolve();
  return {
    kind: isEmbedded ? "own-store" : "database",
    ask: async (request) => {
      const answer = await runOperatorRequest(request, user, ports, { now, sleep: (time) => sleep(time) });
      // In the background, so that the proof is told while GitHub may still be waited for.
      if (isEmbedded && answer.ok && request.kind === "rollback")
        work = workHere(keyOfFlag(request.binding, request.flagKey), ports, now, ending.signal).catch(
          (error: unknown) => {
            failure = { error };
          },
        );
      return answer;
    },
    close: async () => {
      await Promise.race([work, sleep(afterworkMs, undefined, { ref: false })]);
      ending.abort();
      await closeFlags();
      await opened.close();
      if (failure !== null) throw failure.error;
    },
  };
}

/**
 * Finds the way to the store (facts/storage.md: two processes on one embedded directory are impossible): the running app's
 * socket, PostgreSQL, or the store itself while no app is running.
 *
 * @throws ChannelError with what to do; ConfigurationError or StoreError when this process has to open the store and cannot
 */
export async function openOperatorChannel(env: Variables, now: () => Date): Promise<OperatorChannel> {
  const user = readOperatorUser(env);
  const isShared = (env["DATABASE_URL"]?.trim() ?? "") !== "";
  const running = isShared ? null : await tryRunningApp(env["DATA_DIR"]?.trim() || "./data", user);
  return running ?? openOwn(env, user, now);
}
