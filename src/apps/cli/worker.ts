import type { CliCommand } from "./cli-command.ts";
import { parseOptions } from "./parse-options.ts";
import { serve } from "./serve.ts";

/** `routeward worker`. */
export const workerCommand: CliCommand = {
  usage: `Usage: routeward worker

Works the queue until SIGTERM or SIGINT, without taking webhooks: beside processes of \`routeward serve\` it adds hands, and with
sweeps it finds what they missed. Needs DATABASE_URL and the environment of \`routeward serve\`. /health, /ready and /metrics are
answered on HOST and PORT.
`,
  run(args, context) {
    parseOptions(args, {}, 0);
    return serve(context.env, "worker");
  },
};
