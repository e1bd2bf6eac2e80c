import { expect, it } from "vitest";
import { createBoundedCache } from "./bounded-cache.ts";

function clock() {
  const state = { ms: 0 };
  return { state, now: () => new Date(state.ms) };
}

it("forgets what was used longest ago when it grows too heavy", () => {
  const cache = createBoundedCache<string>({ maxWeight: 2 }, clock().now);
  cache.set("a", "1");
  cache.set("b", "2");
  cache.get("a");
  cache.set("c", "3");
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual(["1", undefined, "3"]);
});

it("forgets after its age, counted from the writing", () => {
  const { state, now } = clock();
  const cache = createBoundedCache<string>({ maxWeight: 9, maxAgeMs: 100 }, now);
  cache.set("a", "1");
  state.ms = 100;
  expect(cache.get("a")).toBe("1");
  state.ms = 101;
  expect(cache.get("a")).toBeUndefined();
});

it("never keeps what alone is too heavy, and drops what it replaces", () => {
  const cache = createBoundedCache<string>({ maxWeight: 10 }, clock().now);
  cache.set("a", "1", 4);
  cache.set("a", "2", 11);
  expect(cache.get("a")).toBeUndefined();
  cache.set("b", "3", 10);
  expect(cache.get("b")).toBe("3");
});

it("forgets on demand", () => {
  const cache = createBoundedCache<string>({ maxWeight: 10 }, clock().now);
  cache.set("a", "1");
  cache.set("b", "2");
  cache.delete("a");
  expect(cache.get("a")).toBeUndefined();
  cache.clear();
  expect(cache.get("b")).toBeUndefined();
});
