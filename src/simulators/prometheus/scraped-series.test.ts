import { expect, it } from "vitest";
import { createScrapedSeries } from "./scraped-series.ts";

const hour = 3_600_000;
const page = (requests: number, fast: number, slow: number): string =>
  [
    "# HELP route_requests_total Calls.",
    `route_requests_total{route="r",variation="candidate",segment="priority"} ${requests}`,
    `route_requests_total{route="r",variation="candidate",segment=""} 1`,
    `route_duration_seconds_bucket{le="1",route="r",variation="candidate",segment=""} ${fast}`,
    `route_duration_seconds_bucket{le="2",route="r",variation="candidate",segment=""} ${fast + slow}`,
    `route_duration_seconds_bucket{le="+Inf",route="r",variation="candidate",segment=""} ${fast + slow}`,
  ].join("\n");

const sum = (labels: string, window: string): string => `sum(increase(route_requests_total{${labels}}[${window}]))`;
const p95 = 'histogram_quantile(0.95, sum by (le) (rate(route_duration_seconds_bucket{route="r"}[1h])))';

it("answers the increase of the chosen series inside the window, times the weight", () => {
  const series = createScrapedSeries(10);
  series.scrape(page(3, 0, 0), 0);
  series.scrape(page(8, 0, 0), 2 * hour);
  expect(series.answer(sum('route="r",segment=~"priority"', "1h"), 2 * hour)).toBe(50);
  expect(series.answer(sum('route="r",segment=~".*"', "3h"), 2 * hour)).toBe(90);
  expect(series.answer(sum('route="r"', "1h30m"), 4 * hour)).toBe(0);
  expect(series.answer(sum('route="other"', "1h"), 2 * hour)).toBeNull();
});

it.each<[string, number, number, number | null]>([
  ["in the first bucket", 100, 0, 0.95],
  ["in the second bucket", 90, 10, 1.5],
  ["nowhere without traffic", 0, 0, null],
])("finds a quantile %s as Prometheus interpolates it", (_name, fast, slow, wanted) => {
  const series = createScrapedSeries();
  series.scrape(page(0, fast, slow), 0);
  expect(series.answer(p95, 10)).toBe(wanted);
});

it("refuses PromQL that it does not know instead of guessing", () => {
  expect(() => createScrapedSeries().answer("up", 0)).toThrow("does not know this form");
});
