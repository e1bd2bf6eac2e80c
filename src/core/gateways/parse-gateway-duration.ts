const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a duration as the Kubernetes Gateway API writes it: up to four numbers with `h`, `m`, `s` or `ms`. Null: it is none. */
export function parseGatewayDuration(text: string): number | null {
  if (!/^(?:\d{1,7}(?:h|ms|m|s)){1,4}$/.test(text)) return null;
  let sum = 0;
  for (const [, digits, unit] of text.matchAll(/(\d{1,7})(ms|h|m|s)/g))
    sum += Number(digits) * (units[unit ?? ""] ?? 0);
  return sum;
}
