import { FbClientBuilder, type IFbClient, UserBuilder } from "@featbit/node-server-sdk";
import { setTimeout as sleep } from "node:timers/promises";
import { parseServed } from "../../core/rollout/served-value.ts";
import type { World } from "./build-world.ts";

/** A user of the application whose route the story watches. */
export interface DemoUser {
  who: string;
  key: string;
  attributes: Readonly<Record<string, string>>;
}

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** The application's side: a FeatBit SDK of its own, apart from the one that Routeward proves with. */
export interface ServedTable {
  /** What each user is served now: `candidate at internal-canary`, `baseline`. */
  read(users: readonly DemoUser[]): Promise<readonly string[]>;
  /** Milliseconds until every user is served what `isRight` wants. @throws after 15 s. */
  waitUntil(users: readonly DemoUser[], isRight: (served: readonly string[]) => boolean): Promise<number>;
  close(): Promise<void>;
}

async function serve(client: IFbClient, flagKey: string, user: DemoUser): Promise<string> {
  const builder = new UserBuilder(user.key);
  for (const [name, value] of Object.entries(user.attributes)) builder.custom(name, value);
  const text = await client.stringVariation(flagKey, builder.build(), "");
  if (text === "") return "no flag: the application's own baseline";
  const served = parseServed(text);
  if (served === null) return `unreadable: ${text.slice(0, 40)}`;
  return served.stage === null || served.variation === "baseline"
    ? served.variation
    : `${served.variation} at ${served.stage}`;
}

/** Connects as the application would. */
export function openServedTable(world: World, flagKey: string): ServedTable {
  const client = new FbClientBuilder({
    sdkKey: world.environment.serverSecret,
    streamingUri: world.featbit.streamingUrl,
    eventsUri: world.featbit.evaluationUrl,
    disableEvents: true,
    logger: silent,
    webSocketPingInterval: 500,
  }).build();
  const ready = client.waitForInitialization();
  const read = async (users: readonly DemoUser[]): Promise<string[]> => {
    await ready;
    return Promise.all(users.map((user) => serve(client, flagKey, user)));
  };
  return {
    read,
    async waitUntil(users, isRight) {
      const start = performance.now();
      while (performance.now() - start < 15_000) {
        if (isRight(await read(users))) return performance.now() - start;
        await sleep(2);
      }
      throw new Error("the users were not served in time what the story expects");
    },
    close: () => client.close(),
  };
}
