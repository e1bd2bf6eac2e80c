import { flattenLine } from "../../../core/report/flatten-line.ts";
import { parseDuration } from "../../../core/time/parse-duration.ts";
import {
  operatorResults,
  type OperatorRequest,
  type OperatorResults,
} from "../../../flows/operator/operator-request.ts";
import { openOperatorChannel, type OperatorChannel } from "../../operator/open-operator-channel.ts";
import { RefusedError, UsageError, type CliContext } from "../cli-command.ts";
import type { Options } from "../parse-options.ts";

/** Help that the commands share. */
export const channelUsage = `The command reaches the app of this machine through DATA_DIR (default ./data), and needs the app's user, not its secrets. With
DATABASE_URL, or while the app is stopped, it opens the store itself and then needs the whole environment of \`routeward serve\`.`;

/** Opens the way to the store for one command. */
export async function withChannel(
  context: CliContext,
  work: (channel: OperatorChannel) => Promise<number>,
): Promise<number> {
  const channel = await openOperatorChannel(context.env, context.now);
  try {
    return await work(channel);
  } finally {
    await channel.close();
  }
}

/** Asks and takes the result. @throws RefusedError */
export async function askFor<Kind extends OperatorRequest["kind"]>(
  channel: OperatorChannel,
  request: OperatorRequest & { kind: Kind },
): Promise<OperatorResults[Kind]> {
  const answer = await channel.ask(request);
  if (!answer.ok) throw new RefusedError(flattenLine(answer.reason));
  const kind: Kind = request.kind;
  const result = operatorResults[kind].safeParse(answer.result);
  if (result.success) return result.data;
  throw new RefusedError("the running app answers in another form: it is of another version than this command");
}

/** BINDING and FLAGKEY, as most of the operator's commands take them. @throws UsageError */
export function readFlagName(options: Options): { binding: string; flagKey: string } {
  const [binding, flagKey] = options.positionals;
  if (binding === undefined || flagKey === undefined) throw new UsageError("expected BINDING FLAGKEY");
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(binding)) throw new UsageError(`"${binding}" is not the name of a binding`);
  if (flagKey === "" || flagKey.length > 256) throw new UsageError("FLAGKEY has 1 to 256 characters");
  return { binding, flagKey };
}

/** How long to wait for a proof, in milliseconds. @throws UsageError */
export function readPatience(options: Options, otherwise: number): number {
  const text = options.text("timeout");
  if (text === null) return otherwise;
  const milliseconds = parseDuration(text);
  if (milliseconds === null || milliseconds > 3_600_000)
    throw new UsageError(`--timeout must be a duration up to 60m such as 90s, found "${text}"`);
  return milliseconds;
}

/** Prints one object for other programs. */
export function printJson(context: CliContext, value: object): void {
  context.print(`${JSON.stringify({ version: 1, ...value }, null, 2)}\n`);
}
