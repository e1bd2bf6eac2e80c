import { type RecordKind, StaleVersionError, type StoreOperations } from "../ports/store.ts";

const attempts = 8;

/**
 * Reads a record, changes it and writes it back; when somebody else wrote in between, reads and changes again.
 *
 * @param change gives the new value, or undefined to leave the record as it is. Must have no effects: it may run several times.
 * @returns the value as it stands afterwards
 * @throws StaleVersionError when eight attempts in a row lost the race
 */
export async function updateRecord<Value>(
  store: StoreOperations,
  kind: RecordKind<Value>,
  key: string,
  subject: string,
  change: (current: Value | undefined) => Value | undefined,
): Promise<Value | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const current = await store.getRecord(kind, key);
    const value = change(current?.value);
    if (value === undefined) return current?.value;
    try {
      const expectedVersion = current?.version ?? 0;
      return (await store.putRecord({ kind, key, value, expectedVersion, audit: { subject } })).value;
    } catch (error) {
      if (!(error instanceof StaleVersionError) || attempt >= attempts) throw error;
    }
  }
}
