/**
 * Idempotency keys of the effects on FeatBit. A write is keyed by the revision that it replaces, because FeatBit takes at most
 * one write for each; a switch by what asked for it.
 */
export function writeKey(kind: string, flag: string, revision: string): string {
  return `featbit:${kind}:${flag}:${revision}`;
}

export function createKey(flag: string, mergeSha: string): string {
  return `featbit:create-flag:${flag}:${mergeSha}`;
}

/** Off by a rollback: one for each latch and revision, so that a flag switched on by hand is switched off again. */
export function switchOffKey(flag: string, latchedAt: string, revision: string): string {
  return `featbit:toggle-off:${flag}:${latchedAt}:${revision}`;
}

/** On again by an approved re-entry: once for each latch and merge. */
export function switchOnKey(flag: string, mergeSha: string, latchedAt: string): string {
  return `featbit:toggle-on:${flag}:${mergeSha}:${latchedAt}`;
}
