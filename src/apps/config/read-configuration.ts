import { ConfigurationError, readEnvironment, type Environment } from "./read-environment.ts";
import { readOperatorConfig, type OperatorConfig } from "./read-operator-config.ts";

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
    const mistakes = [environment, operator].flatMap((each) =>
      each instanceof ConfigurationError ? each.mistakes : [],
    );
    throw new ConfigurationError(mistakes);
  }
  return { environment, operator };
}

function tryReading<Value>(read: () => Value): Value | ConfigurationError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}
