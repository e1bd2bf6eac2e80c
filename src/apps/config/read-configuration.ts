import { ConfigurationError, readEnvironment, type Environment } from "./read-environment.ts";
import { readOperatorConfig, type OperatorConfig } from "./read-operator-config.ts";
import { joinMistakes, tryReading } from "./try-reading.ts";

/**
 * Reads the environment and the operator's file together, so that one start names the mistakes of both (SPEC 4).
 *
 * @throws ConfigurationError that lists every mistake at once.
 */
export function readConfiguration(env: Readonly<Record<string, string | undefined>>): {
  environment: Environment;
  operator: OperatorConfig;
} {
  const environment = tryReading(() => readEnvironment(env));
  const path = env["ROUTEWARD_CONFIG"]?.trim() || "./routeward.config.yaml";
  const operator = tryReading(() => readOperatorConfig(path, env));
  if (environment instanceof ConfigurationError || operator instanceof ConfigurationError) {
    throw joinMistakes([environment, operator]);
  }
  return { environment, operator };
}
