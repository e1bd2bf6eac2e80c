/** The comparison that a guardrail or a piece of evidence makes. `unit` is `value` for an absolute threshold. */
export interface Bound {
  operator: "<=" | "<" | ">=" | ">" | "==";
  /** `value`: compared as it is. `percent`: relative to the baseline. `points`: percentage points beside the baseline, `2pp` = 0.02. */
  unit: "value" | "percent" | "points";
  /** For `percent` and `points` the signed margin: `baseline + 10%` is 10, `baseline + 2pp` is 2. */
  amount: number;
  /** As it was written. */
  text: string;
}

/** What a bound should look like, and how to mend it. */
export interface BoundFault {
  expected: string;
  fix: string;
}

const thresholdForm = /^(<=|<|>=|>|==)[ ]{0,3}(-?\d{1,15}(?:\.\d{1,10})?)$/;
const marginForm = /^(<=|<|>=|>)[ ]{0,3}baseline(?:[ ]{0,3}([+-])[ ]{0,3}(\d{1,6}(?:\.\d{1,6})?)[ ]?(%|pp)?)?$/;

/**
 * An absolute threshold, `<= 1800` (SPEC 9), in the unit that the metric template gives.
 */
export function parseThreshold(text: string): Bound | BoundFault {
  const match = thresholdForm.exec(text.trim());
  const operator = operatorOf(match?.[1]);
  if (match === null || operator === null) {
    const expected = 'a comparison with a number, for example "<= 1800"';
    if (/baseline/.test(text.slice(0, 200))) {
      return { expected, fix: "A comparison with the baseline is a `margin`: move it there." };
    }
    if (/\d[ ]?(?:%|pp|ms|s|m|h|d|usd|\$)$/i.test(text.slice(-20).trim())) {
      return {
        expected,
        fix: "Write the number alone, in the metric's own unit: a share of 3 % is 0.03, 1800 ms may be 1.8.",
      };
    }
    return { expected, fix: "Write one of <=, <, >=, >, == and a number, in quotes." };
  }
  return { operator, unit: "value", amount: Number(match[2]), text };
}

const shareForm = /^(<=|<|>=|>|==)?[ ]{0,3}(\d{1,3}(?:\.\d{1,6})?)[ ]?%$/;

/**
 * A threshold of evidence (SPEC 8), in a record and in the policy alike: an absolute one, or a share in percent, where `95%` alone means at
 * least that much. Shares are kept as numbers between 0 and 1, as every reader gives results.
 */
export function parseEvidenceThreshold(text: string): Bound | BoundFault {
  const match = shareForm.exec(text.trim());
  if (match !== null) {
    const amount = Number((Number(match[2]) / 100).toPrecision(12));
    return { operator: operatorOf(match[1]) ?? ">=", unit: "value", amount, text };
  }
  const parsed = parseThreshold(text);
  return isBound(parsed)
    ? parsed
    : { ...parsed, expected: 'a comparison with a number, for example ">= 0.95" or "95%"' };
}

/**
 * A margin against the baseline: `<= baseline + 10%` (relative) or `<= baseline + 2pp` (percentage points).
 */
export function parseMargin(text: string): Bound | BoundFault {
  const match = marginForm.exec(text.trim());
  const operator = operatorOf(match?.[1]);
  const expected = 'a comparison with the baseline, for example "<= baseline + 10%" or "<= baseline + 2pp"';
  if (match === null || operator === null) {
    return /baseline/.test(text.slice(0, 200))
      ? { expected, fix: "Write one of <=, <, >=, >, then `baseline`, + or -, a number and `%` or `pp`, in quotes." }
      : { expected, fix: "A comparison with a number alone is a `threshold`: move it there, or name the baseline." };
  }
  const [, , sign, digits, unit] = match;
  if (digits !== undefined && unit === undefined) {
    return { expected, fix: "Say whether the number is relative (`%`) or percentage points (`pp`)." };
  }
  const amount = Number(digits ?? 0) * (sign === "-" ? -1 : 1);
  return { operator, unit: unit === "pp" ? "points" : "percent", amount: amount === 0 ? 0 : amount, text };
}

/** Tells a parsed bound from the reason why there is none. */
export function isBound(parsed: Bound | BoundFault): parsed is Bound {
  return "operator" in parsed;
}

function operatorOf(text: string | undefined): Bound["operator"] | null {
  return text === "<=" || text === "<" || text === ">=" || text === ">" || text === "==" ? text : null;
}
