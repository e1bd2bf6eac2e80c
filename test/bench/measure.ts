/** One line of the output. Times are milliseconds; `value` and `p99` are wall time, `cpu` is the process's own time for one run. */
export interface Measure {
  suite: string;
  name: string;
  /** Median. */
  value: number;
  unit: "ms";
  limit: number;
  /** Median of the least work that the same input asks of anybody, measured in the same run. */
  floor?: number;
  p99: number;
  /** Mean, threads of the engine included: on a busy machine nearer to the truth than wall time. */
  cpu: number;
  runs: number;
}

/** Work to be measured, and its floor. What it returns is looked at, so that no engine may leave it out. */
export interface Subject {
  name: string;
  limit: number;
  run: () => unknown;
  floor?: () => unknown;
}

interface Effort {
  warmUpMs: number;
  measuredMs: number;
  leastRuns: number;
}

const effort: Effort = { warmUpMs: 1_000, measuredMs: 1_000, leastRuns: 15 };
/** A floor is for orientation, and some are slower than what they are the floor of. */
const floorEffort: Effort = { warmUpMs: 50, measuredMs: 100, leastRuns: 3 };
const mostRuns = 2_000;

/** Warms up, repeats, and takes median and 99th percentile. */
export function measureSubject(suite: string, { name, limit, run, floor }: Subject): Measure {
  const lowest = floor === undefined ? {} : { floor: round(repeat(floor, floorEffort).median) };
  const { median, p99, cpu, runs } = repeat(run, effort);
  return { suite, name, value: round(median), unit: "ms", limit, ...lowest, p99: round(p99), cpu: round(cpu), runs };
}

function repeat(
  run: () => unknown,
  { warmUpMs, measuredMs, leastRuns }: Effort,
): { median: number; p99: number; cpu: number; runs: number } {
  const warm = performance.now() + warmUpMs;
  for (let times = 0; times < 1 || (performance.now() < warm && times < mostRuns); times += 1) keep(run());
  const times: number[] = [];
  const before = process.cpuUsage();
  const end = performance.now() + measuredMs;
  while (times.length < leastRuns || (performance.now() < end && times.length < mostRuns)) {
    const start = performance.now();
    keep(run());
    times.push(performance.now() - start);
  }
  const used = process.cpuUsage(before);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    median: at(0.5),
    p99: at(0.99),
    cpu: (used.user + used.system) / 1000 / times.length,
    runs: times.length,
  };
}

let kept: unknown;

function keep(value: unknown): void {
  kept = value;
  if (kept === keep) throw new Error("never: only so that the value is used");
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
