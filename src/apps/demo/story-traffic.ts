import { writeFileSync } from "node:fs";
import type { ScrapedSeries } from "../../simulators/prometheus/scraped-series.ts";
import { createTraffic, createTrafficUsers, type TrafficCount } from "./traffic.ts";

/** The story's users, who ask the example service, and the Prometheus stand-in, which scrapes it. */
export interface StoryTraffic {
  readonly users: number;
  /** Everybody asks once; then the service's `/metrics` are scraped. */
  run(): Promise<TrafficCount>;
  /** Makes a model answer this much later than usual; 0 as usual. */
  delayModel(model: string, milliseconds: number): void;
}

/** One call of the demo stands for this many, so that samples are large enough for a verdict and the story stays short. */
export const callWeight = 80;

export function createStoryTraffic(options: {
  url: string;
  flagKey: string;
  series: ScrapedSeries;
  delaysPath: string;
  now: () => Date;
}): StoryTraffic {
  const { url, series, now } = options;
  const users = createTrafficUsers(options.flagKey);
  const traffic = createTraffic(url, users);
  const scrape = async (): Promise<void> =>
    series.scrape(await (await fetch(`${url}/metrics`)).text(), now().getTime());
  return {
    users: users.length,
    async run() {
      const count = await traffic.run();
      await scrape();
      return count;
    },
    delayModel(model, milliseconds) {
      writeFileSync(options.delaysPath, JSON.stringify({ [model]: milliseconds }));
    },
  };
}
