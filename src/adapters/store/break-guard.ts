import { StoreError } from "../../ports/store.ts";

/** Knows whether the embedded database can still be used. It never mends: only a new process reads the disk afresh. */
export interface BreakGuard {
  /** Why not, or undefined while all is well. */
  readonly failure: StoreError | undefined;
  /** Resolves with the failure, and never when there is none. */
  readonly broken: Promise<StoreError>;
  /** Notes the first cause; later ones change nothing. */
  break(cause: unknown): void;
}

/** A guard that nothing has happened to. */
export function createBreakGuard(): BreakGuard {
  const { promise: broken, resolve } = Promise.withResolvers<StoreError>();
  let failure: StoreError | undefined;
  return {
    broken,
    get failure() {
      return failure;
    },
    break(cause) {
      if (failure !== undefined) return;
      const message = "the embedded store broke and cannot be used until the process starts again";
      failure = new StoreError(message, { retryable: false, cause });
      resolve(failure);
    },
  };
}
