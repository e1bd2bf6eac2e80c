import { array, assert, asyncProperty, boolean, constant, constantFrom, integer, oneof, record } from "fast-check";
import { expect, it } from "vitest";
import type { Weather } from "./fake-featbit.ts";
import { ModelWorld, statuses } from "./model-world.ts";

/** Those of issue 4; `npm run model` plays four times as many. */
const sequences = Number(process.env["MODEL_RUNS"] ?? "") || 5_000;

const anyEvent = oneof(
  {
    weight: 5,
    arbitrary: record({ kind: constant("merge" as const), status: constantFrom(...statuses), next: boolean() }),
  },
  { weight: 3, arbitrary: record({ kind: constant("run" as const) }) },
  { weight: 3, arbitrary: record({ kind: constant("look" as const), times: integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: record({ kind: constant("roll-back" as const) }) },
  { weight: 1, arbitrary: record({ kind: constantFrom("pause" as const, "resume" as const) }) },
  { weight: 2, arbitrary: record({ kind: constant("rehearse" as const) }) },
  { weight: 1, arbitrary: record({ kind: constant("switch" as const), on: boolean() }) },
  {
    weight: 2,
    arbitrary: record({
      kind: constant("edit" as const),
      what: constantFrom("everyone", "nobody", "target", "off-variation", "value", "segment"),
    }),
  },
  {
    weight: 3,
    arbitrary: record({
      kind: constant("weather" as const),
      weather: array(constantFrom<Weather>("fine", "lost-answer", "away", "server-error", "stale"), { maxLength: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      kind: constant("metrics" as const),
      as: constantFrom("good", "good", "slow", "unsafe", "silent"),
    }),
  },
  { weight: 3, arbitrary: record({ kind: constant("kill" as const), after: integer({ min: 1, max: 16 }) }) },
  { weight: 1, arbitrary: record({ kind: constant("github" as const), answers: boolean() }) },
  { weight: 1, arbitrary: record({ kind: constant("pending" as const), count: integer({ min: 0, max: 1 }) }) },
  { weight: 1, arbitrary: record({ kind: constant("push-unapproved" as const) }) },
);
type Event = typeof anyEvent extends { generate: (...input: never[]) => { readonly value: infer Value } }
  ? Value
  : never;

async function play(world: ModelWorld, event: Event): Promise<unknown> {
  switch (event.kind) {
    case "merge":
      return world.merge(event.status, event.next ? "gpt-4.1-2025-04-14" : "gpt-4o-mini-2024-07-18");
    case "run":
      return world.run();
    case "look":
      return world.look(event.times);
    case "roll-back":
      return world.rollBack();
    case "pause":
      return world.pause();
    case "resume":
      return world.resume();
    case "rehearse":
      return world.rehearse();
    case "switch":
      return world.switchByHand(event.on);
    case "edit":
      return world.edit(event.what);
    case "weather":
      return world.setWeather(event.weather);
    case "metrics":
      return world.setMetrics(event.as);
    case "kill":
      return world.killAfter(event.after);
    case "github":
      return world.setGitHub(event.answers);
    case "pending":
      return world.setPending(event.count);
    case "push-unapproved":
      return world.pushUnapproved();
    default:
      return undefined;
  }
}

it(`${sequences} random lives of a flag keep every promise`, async () => {
  const total = new Map<string, number>();
  await assert(
    asyncProperty(
      array(anyEvent, { minLength: 4, maxLength: 16, size: "max" }),
      constantFrom("alert" as const, "repair" as const),
      async (events, drift) => {
        const world = new ModelWorld(drift);
        // Half of the lives begin as most do; otherwise few get far.
        if (events.length % 2 === 0) {
          await world.merge("approved-for-customer-canary", "gpt-4.1-2025-04-14");
          await world.run();
        }
        for (const event of events) await play(world, event);
        await world.rest();
        await world.checkWayBack();
        for (const [name, count] of Object.entries(world.counts)) total.set(name, (total.get(name) ?? 0) + count);
      },
    ),
    {
      numRuns: sequences,
      ...(process.env["MODEL_SEED"] === undefined ? {} : { seed: Number(process.env["MODEL_SEED"]) }),
    },
  );
  // The model is worth nothing when nothing happens in it.
  const idle = ["runs", "writes", "crashes", "live", "latched", "held", "rehearsed", "steps"].filter(
    (name) => (total.get(name) ?? 0) <= sequences / 40,
  );
  expect(idle).toEqual([]);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(total))}\n`);
}, 900_000);
