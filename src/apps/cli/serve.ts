import { createLog } from "../bot/create-log.ts";
import { startBot } from "../bot/start-bot.ts";
import { listSecrets } from "../config/list-secrets.ts";
import { readConfiguration } from "../config/read-configuration.ts";
import { ConfigurationError } from "../config/read-environment.ts";
import type { CliCommand } from "./cli-command.ts";
import { parseOptions } from "./parse-options.ts";

/** Runs the app until SIGTERM or SIGINT; a second signal ends it at once, and what was in hand runs again at the next start. */
export async function serve(
  env: Readonly<Record<string, string | undefined>>,
  role: "app" | "worker" = "app",
): Promise<number> {
  const { environment, operator } = readConfiguration(env);
  if (role === "worker" && environment.store.kind === "embedded")
    throw new ConfigurationError([
      "DATABASE_URL is missing: the embedded store belongs to one process, so a worker beside it needs PostgreSQL",
    ]);
  const secrets = listSecrets(environment, operator);
  const log = createLog({ level: environment.logLevel, secrets });
  const signalled = new Promise<string>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  const bot = await startBot(environment, operator, { log, pace: environment.githubPace, role });
  const signal = await signalled;
  log.info({ signal }, "stopping");
  await bot.stop();
  // The FeatBit SDK keeps a ping timer after its close; nothing of ours is left to wait for.
  setTimeout(() => process.exit(0), 500).unref();
  return 0;
}

/** `routeward serve`. */
export const serveCommand: CliCommand = {
  usage: `Usage: routeward serve

Runs the GitHub App until SIGTERM or SIGINT. Its settings come from the environment and from the file that ROUTEWARD_CONFIG names:
see docs/operation.md.
`,
  run(args, context) {
    parseOptions(args, {}, 0);
    return serve(context.env);
  },
};
