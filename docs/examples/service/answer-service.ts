import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Counter, Registry } from "prom-client";
import { z } from "zod";
import {
  createPrometheusSink,
  createRouteRuntime,
  type RouteDecision,
  type RouteRuntimeOptions,
} from "routeward/runtime";
import { callBundle, type BundleCallers } from "./call-bundle.ts";

export interface AnswerServiceOptions extends BundleCallers {
  flagKey: string;
  /** 0 takes any free port. */
  port: number;
  featbit: Pick<RouteRuntimeOptions, "sdkKey" | "streamingUrl" | "eventsUrl" | "baselines" | "awayAfterMs">;
  /** Scores an answer from 0 to 1. */
  grade: (text: string) => number;
}

const questionSchema = z.object({
  question: z.string().max(10_000),
  // FeatBit's SDK takes attributes as texts only.
  user: z.object({ key: z.string().min(1), attributes: z.record(z.string(), z.string()).default({}) }),
  /** Group of customers that guardrails look at apart, such as `priority`. */
  segment: z.string().default(""),
});

const feedbackSchema = z.array(
  z.object({
    id: z.string(),
    accepted: z.boolean().default(false),
    escalated: z.boolean().default(false),
    unsafe: z.boolean().default(false),
  }),
);

const maximumBody = 1024 * 1024;
/** Feedback on older conversations is not counted any more. */
const mostConversations = 10_000;

/** Answers support questions over the model route that the flag serves, and counts how it went. */
export async function startAnswerService(
  options: AnswerServiceOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const registry = new Registry();
  const runtime = createRouteRuntime({ ...options.featbit, sinks: [createPrometheusSink(registry)] });
  const shadowAnswers = new Counter({
    name: "shadow_answers_total",
    help: "Answers of the candidate at the shadow stage, which nobody saw.",
    registers: [registry],
  });
  const conversations = new Map<string, { decision: RouteDecision; segment: string }>();

  const answer = async ({ question, user, segment }: z.infer<typeof questionSchema>): Promise<object> => {
    // The route is chosen before the model is called; nothing is reported yet.
    const decision = await runtime.choose(options.flagKey, user);
    if (decision.shadow !== null) {
      // Beside the real answer, never instead of it and never waited for.
      void callBundle(decision.shadow.bundle, question, options).then(
        () => shadowAnswers.inc(),
        () => {},
      );
    }
    // Only `run` says that the route really ran: the exposure, the duration and the outcome.
    const { text } = await runtime.run(
      decision,
      (bundle) => callBundle(bundle, question, options),
      ({ text, costUsd, retries, fellBack }) => ({
        costUsd,
        retries,
        fellBack,
        segment,
        rubricScore: options.grade(text),
      }),
    );
    const id = randomUUID();
    conversations.set(id, { decision, segment });
    for (const oldest of conversations.keys()) {
      if (conversations.size <= mostConversations) break;
      conversations.delete(oldest);
    }
    const { variation, stage, digest, source } = decision;
    return { id, text, variation, stage, digest, source };
  };

  // What the user did with the answer is known later, and counts for the route that gave it, under the same labels.
  const takeFeedback = (feedback: z.infer<typeof feedbackSchema>): object => {
    for (const { id, ...outcome } of feedback) {
      const conversation = conversations.get(id);
      if (conversation === undefined) continue;
      conversations.delete(id);
      runtime.report(conversation.decision, { ...outcome, segment: conversation.segment });
    }
    return { taken: feedback.length };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const route = `${request.method} ${request.url}`;
    if (route === "GET /metrics") {
      response.writeHead(200, { "content-type": registry.contentType }).end(await registry.metrics());
    } else if (route === "POST /answer") {
      sendJson(response, 200, await answer(questionSchema.parse(await readJson(request))));
    } else if (route === "POST /feedback") {
      sendJson(response, 200, takeFeedback(feedbackSchema.parse(await readJson(request))));
    } else {
      sendJson(response, 404, { error: "GET /metrics, POST /answer, POST /feedback" });
    }
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) =>
      error instanceof SyntaxError || error instanceof z.ZodError
        ? sendJson(response, 400, { error: "the request is not what POST /answer and POST /feedback take" })
        : sendJson(response, 502, { error: "the question could not be answered" }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeIdleConnections();
      });
      // Sends what waits to FeatBit.
      await runtime.close();
    },
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBody) throw new SyntaxError("the body is over 1 MiB");
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
