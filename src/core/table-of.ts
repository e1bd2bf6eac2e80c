/**
 * A map from names to values without a prototype, so that a name from a file such as `constructor` finds nothing that nobody wrote.
 */
export function tableOf<Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  const table: Record<string, Value> = Object.create(null);
  for (const [key, value] of entries) table[key] = value;
  return table;
}
