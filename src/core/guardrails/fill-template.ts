import type { MetricTemplate } from "../policy/policy.ts";
import { cut, type Parsed, type Place, type Problem } from "../problem.ts";

/** What goes into a template. Route and variation are the labels that the application sets on its series. */
export interface TemplateFill {
  route: string;
  variation: string;
  /** Milliseconds that the query looks back. */
  windowMs: number;
  /** Parameters of the guardrail; they replace the template's own of the same name. */
  parameters: Readonly<Record<string, string>>;
}

/** PromQL, ready to send. */
export interface FilledTemplate {
  value: string | null;
  numerator: string | null;
  denominator: string | null;
  samples: string | null;
}

const units: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** Names that every template may use. */
const builtIn = new Set(["route", "variation", "window"]);

/** What may stand in a query outside of text: a number or a duration, which cannot change what the query is. */
const barePattern = /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:ms|s|m|h|d|w|y)?$/;

/** A duration as Prometheus writes it, largest unit first: 5400000 is `1h30m`. Parts of a millisecond are cut off. */
export function renderPrometheusDuration(milliseconds: number): string {
  let rest = Math.max(1, Math.trunc(milliseconds));
  let text = "";
  for (const [unit, size] of units) {
    const count = Math.trunc(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** Escapes a value for a PromQL text in double or single quotes, whose escapes are Go's. */
function escapeText(value: string): string {
  return value.replaceAll(/[\\"'\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\\" || character === '"' || character === "'") return `\\${character}`;
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}

type Quote = '"' | "'" | "`";

function isQuote(character: string): character is Quote {
  return character === '"' || character === "'" || character === "`";
}

/**
 * Fills one query. It follows PromQL's texts and comments, because what a value may be depends on where it stands: in
 * quotes anything (escaped), in backquotes anything without a backquote, elsewhere only numbers and durations.
 */
function fillQuery(
  query: string,
  values: ReadonlyMap<string, string>,
  report: (code: string, message: string, found: string, fix: string) => void,
): string {
  const name = /\$([A-Za-z_][A-Za-z0-9_]*)/y;
  let filled = "";
  let quote: Quote | null = null;
  let inComment = false;
  for (let at = 0; at < query.length; at += 1) {
    const character = query.charAt(at);
    if (character === "\\" && (quote === '"' || quote === "'")) {
      filled += query.slice(at, at + 2);
      at += 1;
      continue;
    }
    if (inComment) inComment = character !== "\n";
    else if (quote === character) quote = null;
    else if (quote === null && isQuote(character)) quote = character;
    else if (quote === null && character === "#") inComment = true;

    name.lastIndex = at;
    const key = character === "$" && !inComment ? name.exec(query)?.[1] : undefined;
    if (key === undefined) {
      filled += character;
      continue;
    }
    at += key.length;
    const value = values.get(key);
    if (value === undefined) {
      report(
        "unknown-template-name",
        `The query template names $${key}, which nothing fills.`,
        `$${key}`,
        `Give \`${key}\` in the template's or the guardrail's parameters, or remove it from the query.`,
      );
    } else if (quote === "`" && value.includes("`")) {
      report(
        "unusable-template-value",
        `The value of $${key} cannot stand between backquotes.`,
        value,
        "Remove the backquote from the value, or write the query's text in double quotes.",
      );
    } else if (quote === null && !barePattern.test(value) && key !== "window") {
      report(
        "unusable-template-value",
        `The value of $${key} stands outside of quotes, where only a number or a duration may stand.`,
        value,
        "Give a number or a duration, or write the name in quotes in the query.",
      );
    } else {
      filled += quote === '"' || quote === "'" ? escapeText(value) : value;
    }
  }
  return filled;
}

/**
 * Fills a metric template for one variation (SPEC 9): authors choose templates and give parameters, they never write
 * queries, so no value can leave the place it was given. A name that nothing fills and a parameter that no query uses
 * are problems at `place`, where the guardrail stands.
 */
export function fillTemplate(template: MetricTemplate, fill: TemplateFill, place: Place): Parsed<FilledTemplate> {
  const problems: Problem[] = [];
  const report = (code: string, message: string, found: string, fix: string): void => {
    const known = problems.some((problem) => problem.code === code && problem.message === message);
    if (known) return;
    problems.push({
      ...place,
      code,
      severity: "error",
      message,
      expected: `what template \`${template.name}\` can be filled with`,
      found: cut(found),
      fix,
    });
  };

  const values = new Map([...Object.entries(template.parameters), ...Object.entries(fill.parameters)]);
  const queries = [template.value, template.numerator, template.denominator, template.samples];
  for (const key of Object.keys(fill.parameters).sort()) {
    const isUsed = queries.some(
      (query) => query !== null && new RegExp(`\\$${escapePattern(key)}(?![A-Za-z0-9_])`).test(query),
    );
    if (builtIn.has(key) || !isUsed) {
      report(
        "unknown-template-parameter",
        builtIn.has(key)
          ? `\`${key}\` is filled by Routeward and cannot be given.`
          : `Template \`${template.name}\` has no parameter \`${key}\`.`,
        key,
        `Remove \`${key}\` from the guardrail's parameters.`,
      );
    }
  }
  values.set("route", fill.route);
  values.set("variation", fill.variation);
  values.set("window", renderPrometheusDuration(fill.windowMs));

  const fillOne = (query: string | null): string | null => (query === null ? null : fillQuery(query, values, report));
  const value: FilledTemplate = {
    value: fillOne(template.value),
    numerator: fillOne(template.numerator),
    denominator: fillOne(template.denominator),
    samples: fillOne(template.samples),
  };
  return problems.length === 0 ? { ok: true, value, problems } : { ok: false, problems };
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
