import { z } from "zod";

/**
 * A map that refuses unknown keys. The message of that refusal carries the known keys, so that `explainSchemaIssues`
 * can suggest the one that was meant; it is never shown as it stands.
 */
export function strictMap<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(" ") : undefined),
  });
}
