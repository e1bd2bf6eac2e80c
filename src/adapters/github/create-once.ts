import { GitHubError } from "../../ports/github.ts";

/** How long to wait before looking whether a write whose answer was lost has happened. */
const lookAgainAfterMs = 500;

const maximumAttempts = 3;

/** The write may or may not have happened: there was no answer, or one from something in between. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof GitHubError && error.kind === "unavailable";
}

/**
 * Makes something exist exactly once. GitHub has no idempotency keys, so an answer that got lost is found out about by
 * looking before anything is sent again.
 *
 * @throws what `create` threw when it is known not to have happened, or when three attempts stayed without an answer.
 */
export async function createOnce<T>(options: {
  find: () => Promise<T | null>;
  create: () => Promise<T>;
  wait: (milliseconds: number) => Promise<void>;
}): Promise<{ value: T; written: boolean }> {
  const existing = await options.find();
  if (existing !== null) return { value: existing, written: false };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { value: await options.create(), written: true };
    } catch (error) {
      if (!isOutcomeUnknown(error)) throw error;
      await options.wait(lookAgainAfterMs * attempt);
      const made = await options.find();
      if (made !== null) return { value: made, written: true };
      if (attempt === maximumAttempts) throw error;
    }
  }
}

/** Repeats a write that gives the same result however often it is done. */
export async function repeatWrite<T>(
  write: () => Promise<T>,
  wait: (milliseconds: number) => Promise<void>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (!isOutcomeUnknown(error) || attempt === maximumAttempts) throw error;
      await wait(lookAgainAfterMs * attempt);
    }
  }
}
