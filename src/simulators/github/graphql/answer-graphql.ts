import type { SimulatorResponse } from "../../loopback-server.ts";
import type { Actor } from "../http/actor.ts";
import type { World } from "../world.ts";

export function createGraphqlAnswer(
  _world: World,
): (actor: Actor, body: Record<string, unknown>) => Promise<SimulatorResponse> {
  return async () => ({ status: 200, body: { errors: [{ message: "not yet" }] } });
}
