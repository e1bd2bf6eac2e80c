import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { simulatedOperations, simulatedWebhooks } from "../contract/simulated-operations.ts";
import { DeliveryQueue } from "../webhooks/delivery-queue.ts";
import { listRoutes } from "./list-routes.ts";

const document = JSON.parse(readFileSync(join(import.meta.dirname, "../contract/github-openapi.json"), "utf8")) as {
  info: { "x-cut-from": { package: string; version: string } };
  paths: Record<string, Record<string, unknown>>;
  "x-webhooks": Record<string, unknown>;
};

it("what is answered, what is listed and what the contract was cut for are the same operations", () => {
  const routes = listRoutes(new DeliveryQueue({ now: () => new Date(0), timeoutMs: 1 }));
  const answered = routes.map((route) => route.operation).toSorted();
  const cut = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(answered).toEqual([...simulatedOperations].toSorted());
  expect(cut.toSorted()).toEqual(answered);
  expect(Object.keys(document["x-webhooks"]).toSorted()).toEqual([...simulatedWebhooks].toSorted());
});

it("the cut names the package and version it came from", () => {
  expect(document.info["x-cut-from"]).toMatchObject({ package: "@octokit/openapi", version: "23.0.2" });
});
