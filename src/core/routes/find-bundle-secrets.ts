import type { Problem } from "../problem.ts";
import { describeText } from "../yaml/describe-value.ts";
import { problemAt } from "../yaml/explain-schema-issues.ts";
import { isSecretKey, matchSecretValue } from "../yaml/secrets.ts";
import type { YamlDocument } from "../yaml/yaml-document.ts";

/**
 * Secrets inside a bundle (SPEC 2): the bundle is served as a flag value, and anybody with a client key can read it.
 * The problems name the place and the kind of secret and never show any part of it.
 */
export function findBundleSecrets(
  document: YamlDocument,
  steps: readonly string[],
  bundle: unknown,
): readonly Problem[] {
  if (Array.isArray(bundle)) {
    return bundle.flatMap((item, index) => findBundleSecrets(document, [...steps, String(index)], item));
  }
  if (typeof bundle === "object" && bundle !== null) {
    return Object.entries(bundle).flatMap(([key, value]) => {
      const at = [...steps, key];
      if (matchSecretValue(key) !== null) return [secretProblem(document, steps, "a key that looks like a secret")];
      if (isSecretKey(key) && isSet(value)) {
        return [secretProblem(document, at, `a value under \`${describeText(key)}\` (hidden)`)];
      }
      return findBundleSecrets(document, at, value);
    });
  }
  const kind = typeof bundle === "string" ? matchSecretValue(bundle) : null;
  return kind === null ? [] : [secretProblem(document, steps, `text that looks like ${kind} (hidden)`)];
}

function isSet(value: unknown): boolean {
  return (typeof value === "string" && value !== "") || (typeof value === "object" && value !== null);
}

function secretProblem(document: YamlDocument, steps: readonly string[], hidden: string): Problem {
  return problemAt(document, steps, {
    code: "secret-in-bundle",
    message: "A secret stands inside a bundle: anybody with a client key can read a flag's value.",
    expected: "no keys, tokens or passwords",
    hidden,
    fix: "Remove it, revoke it, and let the service read its own secret from its environment.",
  });
}
