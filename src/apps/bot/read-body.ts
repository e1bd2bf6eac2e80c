import type { IncomingMessage } from "node:http";

/** Why there is no body. `gone`: nobody is left to answer. */
export type BodyFailure = "too-large" | "too-slow" | "gone";

/** The whole body; counted while it arrives, because a length header may be absent or a lie. */
export function readBody(
  request: IncomingMessage,
  limits: { bytes: number; timeoutMs: number },
): Promise<Buffer | BodyFailure> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: Buffer | BodyFailure): void => {
      clearTimeout(timer);
      request.off("data", take);
      request.pause();
      resolve(result);
    };
    const timer = setTimeout(() => finish("too-slow"), limits.timeoutMs);
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.bytes) finish("too-large");
      else chunks.push(chunk);
    };
    request.on("data", take);
    request.once("end", () => finish(Buffer.concat(chunks, size)));
    request.once("error", () => finish("gone"));
    request.once("close", () => finish("gone"));
  });
}
