import { expect, it } from "vitest";
import { z } from "zod";
import type { RecordKind, StoreOperations } from "../../src/ports/store.ts";
import { createRandom } from "../fuzz/mutate.ts";
import { describeEachEngine } from "../store-engines.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";

const note: RecordKind<{ text: string; more?: number | undefined }> = {
  name: "note",
  schema: z.object({ text: z.string(), more: z.number().optional() }),
};
const mark: RecordKind<{ text: string }> = { name: "note-mark", schema: z.object({ text: z.string() }) };

type Operation = (store: Pick<MemoryStore, keyof MemoryStore & keyof StoreOperations>) => Promise<unknown>;

/** One call with what it answers; the same for the same random numbers. */
function drawOperation(random: (below: number) => number): Operation {
  const key = `${"ab"[random(2)] ?? "a"}/${random(3)}`;
  const effect = `effect-${random(4)}`;
  const kind = random(2) === 0 ? note : mark;
  const expectedVersion = random(3);
  const audit = { subject: `flag/${key}`, data: { n: random(9), gone: undefined } };
  const value = { text: `é "${random(9)}"`, more: undefined };
  switch (random(9)) {
    case 0:
      return (store) => store.getRecord(kind, key);
    case 1:
    case 2:
      return (store) => store.putRecord({ kind, key, value, expectedVersion, audit });
    case 3:
      return (store) => store.deleteRecord({ kind, key, expectedVersion, audit });
    case 4:
      return (store) => store.listRecords(kind, ["", "a/", "b/1"][random(3)] ?? "");
    case 5:
      return (store) => store.recordIntent({ key: effect, effect: "call", subject: `flag/${key}`, data: { key } });
    case 6:
      return (store) => store.recordOutcome(effect, { status: "done", data: { text: key } });
    case 7:
      return async (store) => [await store.openIntents(), await store.openIntents(`flag/${key}`)];
    default:
      return async (store) => [
        await store.lastOutcome(effect),
        await store.appendAudit({ type: random(5) === 0 ? "effect.own" : "note.made", subject: key, data: { key } }),
        await store.readAudit({ from: 2, limit: 3, subjectPrefix: "flag/a" }),
        await store.readAuditHead(),
      ];
  }
}

/** What a call answers or throws, as plain data. */
async function answer(call: Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await call };
  } catch (error) {
    return { threw: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describeEachEngine("the store in memory answers every call as the store", (engine) => {
  it("does over 400 random calls, alone and in transactions that commit or fail, to the last byte of the audit log", async () => {
    let clock = Date.parse("2026-06-16T09:00:00Z");
    const now = (): Date => new Date(clock);
    const { store } = await engine.open(undefined, { now });
    const memory = createMemoryStore(now, await store.readAudit({}));
    const seed = createRandom(20_261_128);
    for (let n = 0; n < 400; n += 1) {
      clock += 1_000;
      const length = Math.floor(seed() * 4);
      const fails = seed() < 0.3;
      const begin = Math.floor(seed() * 1e9);
      const play = async (of: MemoryStore): Promise<unknown> => {
        const numbers = createRandom(begin);
        const draw = (below: number): number => Math.floor(numbers() * below);
        if (length === 0) return answer(drawOperation(draw)(of));
        return answer(
          of.transaction(async (tx) => {
            const answers: unknown[] = [];
            for (let step = 0; step < length; step += 1) answers.push(await drawOperation(draw)(tx));
            if (fails) throw new Error("given up");
            return answers;
          }),
        );
      };
      expect(await play(memory), `call ${n}`).toEqual(await play(store));
    }
    const lines = await collect(memory.exportAudit());
    expect(lines.length).toBeGreaterThan(100);
    expect(lines).toEqual(await collect(store.exportAudit()));
    expect(await memory.verifyStore()).toEqual([]);
  });
});
