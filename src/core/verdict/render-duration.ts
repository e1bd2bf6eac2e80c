/** Milliseconds for people: `36 h`, `90 min`, `7 d`. Rounded down, so that a soak never looks longer than it was. */
export function renderDuration(ms: number): string {
  const units: readonly [string, number][] = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ];
  for (const [name, size] of units) {
    // Two days and less read better in hours.
    if (ms >= size * (name === "d" ? 3 : 1)) return `${Math.floor((ms / size) * 10) / 10} ${name}`;
  }
  return `${Math.floor(ms)} ms`;
}
