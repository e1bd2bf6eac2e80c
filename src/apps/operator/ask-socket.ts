import { request as sendRequest } from "node:http";
import { connect } from "node:net";
import { operatorAnswer, type OperatorRequest, type RawOperatorAnswer } from "../../flows/operator/operator-request.ts";
import { operatorPath, operatorUserHeader } from "./operator-socket.ts";

/** Milliseconds until a socket that does not accept counts as stuck. */
const connectTimeoutMs = 5_000;

const maximumAnswerBytes = 16 * 1024 * 1024;

/** Beyond what the app itself waits: a request that is held open longer than this is lost. */
const answerTimeoutMs = 90_000;

/** Nobody listens there, or nobody may be asked. `code` is the operating system's. */
export class SocketError extends Error {
  override readonly name = "SocketError";
  readonly code: string;
  constructor(message: string, code: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "UNKNOWN";
}

/** Resolves when somebody listens there; nothing is asked. @throws SocketError */
export function findListener(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      probe.destroy();
      reject(new SocketError("the running app cannot be asked", codeOf(cause), cause));
    };
    const probe = connect(path, () => {
      probe.destroy();
      resolve();
    });
    probe.setTimeout(connectTimeoutMs, () => fail(new Error("nobody accepts")));
    probe.on("error", fail);
  });
}

/**
 * Asks the running app. Of the answer only the outside is checked here.
 *
 * @throws SocketError when nobody answers
 */
export function askSocket(path: string, user: string, request: OperatorRequest): Promise<RawOperatorAnswer> {
  const body = JSON.stringify(request);
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: unknown): void => {
      const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "UNKNOWN";
      reject(new SocketError(message, code, cause));
    };
    const outgoing = sendRequest(
      {
        socketPath: path,
        path: operatorPath,
        method: "POST",
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          [operatorUserHeader]: user,
        },
        timeout: answerTimeoutMs,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > maximumAnswerBytes) response.destroy(new Error("the answer is too large"));
          else chunks.push(chunk);
        });
        response.on("error", (cause) => fail("the running app broke off", cause));
        response.on("end", () => {
          const answer = parseAnswer(Buffer.concat(chunks).toString("utf8"));
          if (answer === undefined) fail("the running app answered something unknown");
          else resolve(answer);
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
    outgoing.on("error", (cause) => fail("the running app cannot be asked", cause));
    outgoing.end(body);
  });
}

function parseAnswer(text: string): RawOperatorAnswer | undefined {
  try {
    return operatorAnswer.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
