import { InternalError } from "../../core/problem.ts";
import { StaleVersionError, StoreError, UnreadableRecordError } from "../../ports/store.ts";

/**
 * PostgreSQL's error classes after which the same call may succeed: connection lost, transaction conflict, resources,
 * shutting down, lock not available. Node's network errors count as lost connections.
 */
const retryableClasses = new Set(["08", "40", "53", "55", "57", "58"]);
const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
]);

/** Runs a piece of database work and gives its failure the form that the ports promise. `phrase` says what failed. */
export async function guardStore<T>(phrase: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw describeFailure(phrase, error);
  }
}

/** The error of the ports for what a driver threw. Errors that already have their form stay as they are. */
export function describeFailure(phrase: string, error: unknown): Error {
  if (
    error instanceof StoreError ||
    error instanceof StaleVersionError ||
    error instanceof UnreadableRecordError ||
    error instanceof InternalError
  ) {
    return error;
  }
  return new StoreError(`${phrase}: ${error instanceof Error ? error.message : "unknown failure"}`, {
    retryable: isRetryable(error),
    cause: error,
  });
}

function isRetryable(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  // Without a code it is the pool's or the driver's own complaint: a connection that ended or could not be had in time.
  if (typeof code !== "string") return error instanceof Error && /connection|timeout/i.test(error.message);
  return networkCodes.has(code) || (code.length === 5 && retryableClasses.has(code.slice(0, 2)));
}
