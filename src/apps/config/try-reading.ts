import { ConfigurationError } from "./read-environment.ts";

/** What was read, or its mistakes as a value, so that the mistakes of several readers can be told together (SPEC 4). */
export function tryReading<Value>(read: () => Value): Value | ConfigurationError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

/** The mistakes of all that could not be read, in one error. */
export function joinMistakes(read: readonly unknown[]): ConfigurationError {
  return new ConfigurationError(read.flatMap((each) => (each instanceof ConfigurationError ? each.mistakes : [])));
}
