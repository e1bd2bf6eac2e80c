import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The service of docs/examples/service, running as a process of its own, as an application would. */
export interface ExampleService {
  url: string;
  /** Everything that it wrote so far. */
  output(): string;
  /** SIGTERM; resolves with the exit code when the process is gone. Repeatable. */
  stop(): Promise<number | null>;
}

export interface ExampleServiceOptions {
  sdkKey: string;
  streamingUrl: string;
  eventsUrl: string;
  /** JSON file with milliseconds by model, for the stub model. */
  delaysPath: string;
  awayAfterMs?: number;
}

/** Ends the service when its standard input does: with the process that started it, however that one died. */
const endWithParent = '--import=data:text/javascript,process.stdin.once("close",()=>process.exit(1)).resume()';

/** From source Node strips the types; a build has the compiled example in `dist/examples`. */
function findMain(): readonly string[] {
  return import.meta.filename.endsWith(".ts")
    ? [
        "--conditions=routeward-source",
        fileURLToPath(new URL("../../../docs/examples/service/main.ts", import.meta.url)),
      ]
    : [fileURLToPath(new URL("../../examples/service/main.js", import.meta.url))];
}

/** Starts the service on a free port. Nothing of our own environment comes along. @throws Error with its output when it ends before it answers. */
export async function startExampleService(options: ExampleServiceOptions): Promise<ExampleService> {
  const child = spawn(process.execPath, [endWithParent, ...findMain()], {
    env: {
      PORT: "0",
      FEATBIT_SDK_KEY: options.sdkKey,
      FEATBIT_STREAMING_URL: options.streamingUrl,
      FEATBIT_EVENTS_URL: options.eventsUrl,
      STUB_MODEL_DELAYS: options.delaysPath,
      ...(options.awayAfterMs === undefined ? {} : { FEATBIT_AWAY_AFTER_MS: String(options.awayAfterMs) }),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const gone = once(child, "close").then(() => child.exitCode);
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (text: string): void => {
      output += text;
      const found = /answering on (http:\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    gone.then(() => reject(new Error(`the example service ended: ${output}`)), reject);
  });
  return {
    url,
    output: () => output,
    stop() {
      child.kill("SIGTERM");
      return gone;
    },
  };
}
