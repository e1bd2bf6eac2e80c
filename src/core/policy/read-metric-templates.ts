import type { Problem } from "../problem.ts";
import { tableOf } from "../table-of.ts";
import { problemAt } from "../yaml/explain-schema-issues.ts";
import type { YamlDocument } from "../yaml/yaml-document.ts";
import type { MetricTemplatesInput } from "./policy-schema.ts";
import type { MetricTemplate } from "./policy.ts";

/** What the schema cannot say of metric templates: each has one value, or both halves of a ratio. */
export function checkMetricTemplates(
  document: YamlDocument,
  at: readonly (string | number)[],
  input: MetricTemplatesInput,
): readonly Problem[] {
  return Object.entries(input).flatMap(([name, template]): Problem[] => {
    const isValue = Boolean(template.value) && !template.numerator && !template.denominator;
    const isRatio = !template.value && Boolean(template.numerator) && Boolean(template.denominator);
    if (isValue || isRatio) return [];
    return [
      problemAt(document, [...at, name], {
        code: "wrong-metric",
        message: `The metric \`${name}\` has no query that can be read.`,
        expected: "either value, or numerator and denominator",
        found: Object.keys(template),
        fix: "Give `value` (and `samples`), or `numerator` and `denominator`.",
      }),
    ];
  });
}

/** Templates by name, with null for what is left out. */
export function normaliseMetricTemplates(input: MetricTemplatesInput): Readonly<Record<string, MetricTemplate>> {
  return tableOf(
    Object.entries(input).map(([name, template]): [string, MetricTemplate] => [
      name,
      {
        name,
        category: template.category,
        value: template.value ?? null,
        numerator: template.numerator ?? null,
        denominator: template.denominator ?? null,
        samples: template.samples ?? null,
        parameters: tableOf(Object.entries(template.parameters ?? {})),
      },
    ]),
  );
}
