import type { SimulatorRequest, SimulatorResponse } from "../loopback-server.ts";
import { answerErrors, Refusal } from "./api-answer.ts";
import { flagRoutes } from "./flag-routes.ts";
import type { PolicyStatement, SimAccessToken } from "./featbit-data.ts";
import type { FeatBitWorld } from "./featbit-world.ts";
import { checkAllowed } from "./match-resource.ts";
import { readingRoutes } from "./reading-routes.ts";
import { segmentRoutes } from "./segment-routes.ts";

/** A request that was let through, with the parts of its path by name. */
export interface ApiCall {
  request: SimulatorRequest;
  params: Readonly<Record<string, string>>;
  token: SimAccessToken;
  statements: readonly PolicyStatement[];
  world: FeatBitWorld;
}

/** One endpoint. `{name}` is any segment, `{name:guid}` only a GUID: with another text no route matches and FeatBit answers 404 without a body. */
export interface ApiRoute {
  method: string;
  template: string;
  /** Whether access tokens may call it at all; if not the answer is 403 without a body. */
  isOpenToTokens: boolean;
  /** IAM action that is checked before the handler runs, on the resource of the route. */
  action?: string;
  handle: (call: ApiCall) => SimulatorResponse;
}

export interface ManagementApi {
  handle(request: SimulatorRequest): SimulatorResponse;
  /** Servers before 5.3.3 do not open PUT targeting to tokens. */
  setTargetingOpenToTokens(isOpen: boolean): void;
}

interface CompiledRoute extends ApiRoute {
  pattern: RegExp;
  names: string[];
}

function compileRoute(route: ApiRoute): CompiledRoute {
  const names: string[] = [];
  const pattern = route.template.replaceAll(/\{(\w+)(:guid)?\}/g, (_all, name: string, guid: string | undefined) => {
    names.push(name);
    return guid === undefined ? "([^/]+)" : "([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})";
  });
  return { ...route, names, pattern: new RegExp(`^${pattern}$`) };
}

/** The resource an action is checked on, or undefined when it cannot be named, which FeatBit treats as refused. */
function nameResource(world: FeatBitWorld, action: string, params: Readonly<Record<string, string>>) {
  const { envId = "", key, segmentId } = params;
  if (action === "CanAccessEnv") return world.resourceOfEnvironment(envId);
  const environment = world.resourceOfEnvironment(envId);
  if (environment === undefined) return undefined;
  if (action.includes("Segment")) {
    if (segmentId === undefined) return `${environment}:segment/*`;
    const segment = world.findSegment(segmentId);
    return segment === undefined ? undefined : world.resourceOfSegment(segment);
  }
  if (key === undefined) return `${environment}:flag/*`;
  const flag = world.findFlag(envId, key);
  return flag === undefined ? undefined : world.resourceOfFlag(flag);
}

/** The api-server's answers, in the order in which ASP.NET's pipeline gives them: route, token, open to tokens, IAM, body. */
export function createManagementApi(world: FeatBitWorld): ManagementApi {
  const routes = [...readingRoutes, ...flagRoutes, ...segmentRoutes].map(compileRoute);
  let isTargetingOpen = true;

  const findRoute = (request: SimulatorRequest) => {
    for (const route of routes) {
      if (route.method !== request.method) continue;
      const found = route.pattern.exec(request.path);
      if (found === null) continue;
      const params = Object.fromEntries(
        route.names.map((name, index) => {
          const text = decodeURIComponent(found[index + 1] ?? "");
          return [name, name.endsWith("Id") ? text.toLowerCase() : text];
        }),
      );
      return { route, params };
    }
    return undefined;
  };

  const readStatements = (token: SimAccessToken): readonly PolicyStatement[] =>
    token.type === "service" ? token.statements : (world.users.get(token.creatorId ?? "")?.statements ?? []);

  const answer = (request: SimulatorRequest): SimulatorResponse => {
    const found = findRoute(request);
    if (found === undefined) return { status: 404 };
    const { route, params } = found;
    const token = world.tokens.get(request.headers.authorization ?? "");
    if (token === undefined || !token.isActive) return answerErrors(401, "Unauthorized");
    const isOpen =
      route.template.endsWith("/targeting") && route.template.includes("feature-flags") ? isTargetingOpen : true;
    if (!route.isOpenToTokens || !isOpen) return { status: 403 };
    const statements = readStatements(token);
    if (route.action !== undefined) {
      const resource = nameResource(world, route.action, params);
      if (resource === undefined || !checkAllowed(statements, resource, route.action)) {
        return answerErrors(403, "Forbidden");
      }
    }
    return route.handle({ request, params, token, statements, world });
  };

  return {
    setTargetingOpenToTokens(isOpen) {
      isTargetingOpen = isOpen;
    },
    handle(request) {
      try {
        return answer(request);
      } catch (error) {
        if (error instanceof Refusal) return error.response;
        throw error;
      }
    },
  };
}
