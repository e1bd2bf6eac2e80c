import type { JobQueue } from "../../ports/queue.ts";
import { type NewDelivery, type Store, StoreError, type StoredDelivery } from "../../ports/store.ts";

/** Takes deliveries in, each with its job, durably when `put` resolves. */
export interface DeliveryInbox {
  /** @throws StoreError when it could not be stored; then nothing of it was. */
  put(delivery: NewDelivery): Promise<StoredDelivery>;
  /** Does once what a `put` does and keeps nothing of it. The first one is slow; better before anybody waits for it. */
  warmUp(): Promise<void>;
}

/** Larger groups made the last one wait longer without more of them a second (facts/storage.md, Speed and memory). */
const largestGroup = 100;
/** What may wait in memory while the database is slow; beyond it GitHub is told to come again. */
const mostWaiting = 1_000;
const mostWaitingCharacters = 128 * 1024 * 1024;

interface Waiting {
  delivery: NewDelivery;
  resolve: (stored: StoredDelivery) => void;
  reject: (error: unknown) => void;
}

/**
 * The inbox over store and queue. A delivery and its job are one commit, so neither can be without the other. What arrives
 * while a commit is under way waits and goes into the next one together: a commit waits for the disk once for all of them.
 */
export function createDeliveryInbox(store: Store, queue: JobQueue): DeliveryInbox {
  const waiting: Waiting[] = [];
  let waitingCharacters = 0;
  let isDraining = false;

  const storeGroup = (group: readonly Waiting[]): Promise<StoredDelivery[]> =>
    store.transaction(async (tx) => {
      const deliveries = group.map(({ delivery }) => delivery);
      const answers = await tx.storeDeliveries(deliveries);
      const withAnswer = (answer: StoredDelivery): string[] =>
        deliveries.filter((_, at) => answers[at] === answer).map(({ guid }) => guid);
      await queue.enqueueNewIn(
        tx,
        "delivery",
        withAnswer("stored").map((guid) => ({ key: guid, data: { guid } })),
      );
      // GitHub sends it again, so somebody wants it now: its job may be pausing after failures. Sorted, so that two
      // replicas with the same guids do not wait for each other.
      for (const guid of [...new Set(withAnswer("already-stored"))].sort()) {
        await queue.enqueueIn(tx, "delivery", guid, { guid });
      }
      return answers;
    });

  const settle = async (group: readonly Waiting[]): Promise<void> => {
    try {
      const answers = await storeGroup(group);
      for (const [at, { resolve, reject }] of group.entries()) {
        const answer = answers[at];
        if (answer === undefined) reject(new StoreError("the store did not answer", { retryable: true }));
        else resolve(answer);
      }
    } catch (error) {
      const isOutage = error instanceof StoreError && error.retryable;
      if (group.length === 1 || isOutage) for (const { reject } of group) reject(error);
      // One delivery that the database refuses must not take the others with it.
      else for (const one of group) await settle([one]);
    }
  };

  const drain = async (): Promise<void> => {
    isDraining = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, largestGroup);
      for (const { delivery } of group) waitingCharacters -= delivery.body.length;
      await settle(group);
    }
    isDraining = false;
  };

  return {
    put(delivery) {
      if (waiting.length >= mostWaiting || waitingCharacters + delivery.body.length > mostWaitingCharacters) {
        return Promise.reject(new StoreError("too many deliveries are waiting for the store", { retryable: true }));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ delivery, resolve, reject });
        waitingCharacters += delivery.body.length;
        if (!isDraining) void drain();
      });
    },
    async warmUp() {
      const rehearsal = new Error("only a rehearsal");
      const delivery = { guid: "warm-up", event: "ping", action: null, installationId: null, body: "{}" };
      try {
        await store.transaction(async (tx) => {
          await tx.storeDeliveries([delivery]);
          await queue.enqueueNewIn(tx, "delivery", [{ key: delivery.guid, data: {} }]);
          throw rehearsal;
        });
      } catch (error) {
        if (error !== rehearsal) throw error;
      }
    },
  };
}
