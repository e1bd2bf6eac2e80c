import { isJsonList, isJsonObject, type JsonValue } from "../json.ts";
import { isSecretKey, matchSecretValue } from "../yaml/secrets.ts";
import { isReference, report, type Reading, type Steps } from "./reading.ts";

/** Keys behind which the gateways keep secrets, beside those that say so by themselves. */
const gatewaySecretKeys: ReadonlySet<string> = new Set([
  "master_key",
  "salt_key",
  "header_value",
  "param_value",
  "vertex_credentials",
  "aws_web_identity_token",
]);

/** Written where a server wants no key at all. */
const placeholders: ReadonlySet<string> = new Set([
  "none",
  "null",
  "empty",
  "dummy",
  "fake",
  "fake-key",
  "no-key",
  "not-needed",
  "not-used",
  "unused",
  "anything",
  "ollama",
]);

/** What replaces a secret before anything else reads the file, so that nothing can show it. */
const hidden = "(hidden)";

/**
 * Replaces literal secrets and reports each on its line, without any part of it. References to the environment or a vault stay: they
 * are the right way. Slugs of virtual keys stay as well, since they name a target.
 */
export function hideSecrets(reading: Reading, value: JsonValue): JsonValue {
  const isSecretObject = isJsonObject(value) && value["kind"] === "Secret";
  return hide(reading, [], value, isSecretObject);
}

function hide(reading: Reading, steps: Steps, value: JsonValue, isSecretObject: boolean): JsonValue {
  if (isJsonList(value)) return value.map((item, index) => hide(reading, [...steps, index], item, isSecretObject));
  if (isJsonObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const name = matchSecretValue(key) === null ? key : hidden;
        return [name, hide(reading, [...steps, key], member, isSecretObject)];
      }),
    );
  }
  if (typeof value !== "string") return value;
  const kind = matchSecretValue(value.replaceAll(/os\.environ\/[A-Za-z0-9_]{1,200}/g, ""));
  if (kind !== null) return refuse(reading, steps, kind);
  const key = steps.findLast((step) => typeof step === "string") ?? "";
  const isData = isSecretObject && (steps[0] === "data" || steps[0] === "stringData");
  const isNamed = (isSecretKey(key) && !/virtual/i.test(key)) || gatewaySecretKeys.has(key);
  if (!isData && (!isNamed || key === "auth")) return value;
  const isHarmless = value === "" || isReference(value) || placeholders.has(value.toLowerCase());
  return isHarmless ? value : refuse(reading, steps, "a secret, by the name of its key");
}

function refuse(reading: Reading, steps: Steps, kind: string): string {
  report(reading, steps, {
    code: "gateway-secret",
    message: "A secret stands in the file: everybody who can read the repository can use it.",
    expected: "a reference to the environment or to a vault",
    found: `text that looks like ${kind} (hidden)`,
    fix: "Remove it, revoke it, and let the gateway read the new one from its environment.",
  });
  return hidden;
}
