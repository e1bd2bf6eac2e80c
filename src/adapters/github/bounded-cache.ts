/** A map that forgets: the oldest use first when it grows too heavy, and everything after `maxAgeMs`. */
export interface BoundedCache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, weight?: number): void;
  delete(key: string): void;
  clear(): void;
}

/**
 * @param limits.maxWeight the sum of the weights that may stay (a weight is 1 unless `set` says otherwise)
 * @param limits.maxAgeMs milliseconds until an entry is forgotten; never when absent
 */
export function createBoundedCache<Value>(
  limits: { maxWeight: number; maxAgeMs?: number },
  now: () => Date,
): BoundedCache<Value> {
  const entries = new Map<string, { value: Value; weight: number; at: number }>();
  let total = 0;

  const drop = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    total -= entry.weight;
    entries.delete(key);
  };

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (limits.maxAgeMs !== undefined && now().getTime() - entry.at > limits.maxAgeMs) {
        drop(key);
        return undefined;
      }
      // A map keeps insertion order, so putting the entry back makes it the youngest.
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, weight = 1) {
      drop(key);
      if (weight > limits.maxWeight) return;
      entries.set(key, { value, weight, at: now().getTime() });
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= limits.maxWeight) break;
        drop(oldest);
      }
    },
    delete: drop,
    clear() {
      entries.clear();
      total = 0;
    },
  };
}
