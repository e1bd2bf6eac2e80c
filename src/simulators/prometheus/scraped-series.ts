/** A Prometheus in small: it keeps what was scraped and answers the two forms of PromQL that the example policy uses. */
export interface ScrapedSeries {
  /** Takes a page of `/metrics`. @param at Unix milliseconds, not before the last scrape */
  scrape(page: string, at: number): void;
  /** The value of an instant query; null without data. @throws Error on PromQL of another form. */
  answer(query: string, at: number): number | null;
}

interface Series {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Oldest first. */
  samples: { at: number; value: number }[];
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const increasePattern = /^sum\(increase\((\w+)\{(.*)\}\[(\w+)\]\)\)$/;
const quantilePattern = /^histogram_quantile\(([\d.]+), sum by \(le\) \(rate\((\w+)\{(.*)\}\[(\w+)\]\)\)\)$/;

function parseLabels(text: string): [name: string, operator: string, value: string][] {
  return [...text.matchAll(/(\w+)(=~|=)"((?:[^"\\]|\\.)*)"/g)].map(([, name = "", operator = "", value = ""]) => [
    name,
    operator,
    value,
  ]);
}

function parseDuration(text: string): number {
  return [...text.matchAll(/(\d+)(ms|[smhd])/g)].reduce(
    (sum, [, count, unit = "ms"]) => sum + Number(count) * (unitMs[unit] ?? 0),
    0,
  );
}

function isChosen(series: Series, name: string, matchers: readonly [string, string, string][]): boolean {
  return (
    series.name === name &&
    matchers.every(([label, operator, value]) => {
      const own = series.labels[label] ?? "";
      return operator === "=" ? own === value : new RegExp(`^(?:${value})$`).test(own);
    })
  );
}

/** What a counter had at a time: its newest sample until then, nothing before its first one. */
function readAt({ samples }: Series, at: number): number {
  return samples.findLast((sample) => sample.at <= at)?.value ?? 0;
}

/** Linear inside a bucket, as Prometheus interpolates. */
function findQuantile(quantile: number, buckets: readonly { le: number; count: number }[]): number | null {
  const ordered = buckets.toSorted((a, b) => a.le - b.le);
  const total = ordered.at(-1)?.count ?? 0;
  if (total === 0) return null;
  const rank = quantile * total;
  const index = ordered.findIndex(({ count }) => count >= rank);
  const { le = Infinity, count = 0 } = ordered[index] ?? {};
  const before = index > 0 ? ordered[index - 1] : { le: 0, count: 0 };
  const lower = before?.le ?? 0;
  const below = before?.count ?? 0;
  if (le === Infinity) return lower;
  return lower + ((le - lower) * (rank - below)) / (count - below);
}

/**
 * Starts empty. Differences to the real thing: nothing is extrapolated between scrapes, and no counter is taken to restart.
 *
 * @param weight every counted event stands for this many
 */
export function createScrapedSeries(weight = 1): ScrapedSeries {
  const known = new Map<string, Series>();

  const increase = (series: Series, at: number, windowMs: number): number =>
    readAt(series, at) - readAt(series, at - windowMs);

  return {
    scrape(page, at) {
      for (const line of page.split("\n")) {
        const parts = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
        if (parts === null) continue;
        const [, name = "", labels = "", value = ""] = parts;
        const key = `${name}{${labels}}`;
        const series = known.get(key) ?? {
          name,
          labels: Object.fromEntries(parseLabels(labels).map(([label, , text]) => [label, text])),
          samples: [],
        };
        series.samples.push({ at, value: Number(value) * weight });
        known.set(key, series);
      }
    },
    answer(query, at) {
      const sum = increasePattern.exec(query);
      if (sum !== null) {
        const [, name = "", labels = "", window = ""] = sum;
        const chosen = [...known.values()].filter((series) => isChosen(series, name, parseLabels(labels)));
        if (chosen.length === 0) return null;
        return chosen.reduce((total, series) => total + increase(series, at, parseDuration(window)), 0);
      }
      const histogram = quantilePattern.exec(query);
      if (histogram === null) throw new Error(`the stand-in for Prometheus does not know this form: ${query}`);
      const [, quantile = "", name = "", labels = "", window = ""] = histogram;
      const counts = new Map<number, number>();
      for (const series of known.values()) {
        if (!isChosen(series, name, parseLabels(labels))) continue;
        const le = Number((series.labels["le"] ?? "").replace("+Inf", "Infinity"));
        counts.set(le, (counts.get(le) ?? 0) + increase(series, at, parseDuration(window)));
      }
      return findQuantile(
        Number(quantile),
        [...counts].map(([le, count]) => ({ le, count })),
      );
    },
  };
}
