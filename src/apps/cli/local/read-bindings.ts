import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { BindingFacts } from "../../../core/facts.ts";
import { metricTemplates } from "../../../core/policy/policy-schema.ts";
import { normaliseMetricTemplates } from "../../../core/policy/read-metric-templates.ts";
import { parseYaml } from "../../../core/yaml/parse-yaml.ts";
import { FileError } from "../cli-command.ts";

/** Only what a verdict needs; whether the rest of the operator's file is right is checked when the app starts. */
const schema = z.object({
  bindings: z.array(
    z.object({
      name: z.string(),
      repositories: z.array(z.string()),
      environment: z.string(),
      production: z.boolean(),
      flagKeys: z.array(z.string()),
      featbit: z.object({ dispatchKey: z.string() }),
      metrics: z.object({ templates: metricTemplates.optional() }).optional(),
    }),
  ),
});

/** Reads the bindings of an operator's file without any of its secrets. @throws FileError */
export async function readBindings(path: string): Promise<readonly BindingFacts[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new FileError(`${path} cannot be read`, { cause });
  });
  const document = parseYaml(path, text);
  const parsed = document.ok ? schema.safeParse(document.value.value) : null;
  if (parsed?.success !== true) throw new FileError(`${path} is not an operator's configuration with \`bindings\``);
  return parsed.data.bindings.map(({ production, featbit, metrics, ...binding }) => ({
    ...binding,
    ...(metrics?.templates === undefined ? {} : { metricTemplates: normaliseMetricTemplates(metrics.templates) }),
    isProduction: production,
    dispatchKey: featbit.dispatchKey,
  }));
}
