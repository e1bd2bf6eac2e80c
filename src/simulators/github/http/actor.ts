import { randomBytes, randomUUID, verify } from "node:crypto";
import type { SimulatorRequest } from "../../loopback-server.ts";
import {
  GitHubFailure,
  type Account,
  type App,
  type Installation,
  type InstallationToken,
  type World,
} from "../world.ts";

/** Who asks. */
export type Actor =
  | { kind: "anonymous" }
  | { kind: "app"; app: App }
  | { kind: "installation"; token: InstallationToken; key: string }
  | { kind: "user"; account: Account };

const maximumLifetime = 10 * 60;
/** Clocks differ a little; GitHub tolerates it too. */
const skew = 60;

function decodePart(part: string | undefined): Record<string, unknown> {
  try {
    const value = JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8")) as unknown;
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function refuse(message: string): never {
  throw new GitHubFailure(401, message);
}

/** The app a JWT speaks for. Times are judged by the machine's clock, by which the app makes them. */
function readAppToken(world: World, token: string): App {
  const [header, payload, signature] = token.split(".");
  const claims = decodePart(payload);
  const issuer = String(claims["iss"]);
  const app = world.apps.find((candidate) => String(candidate.id) === issuer || candidate.clientId === issuer);
  if (app === undefined || decodePart(header)["alg"] !== "RS256") {
    return refuse("A JSON web token could not be decoded");
  }
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify("RSA-SHA256", signed, app.publicKey, Buffer.from(signature ?? "", "base64url"))) {
    return refuse("A JSON web token could not be decoded");
  }
  const now = Date.now() / 1000;
  const { exp, iat } = claims;
  if (typeof exp !== "number" || exp < now)
    return refuse(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (exp > now + maximumLifetime + skew) return refuse("'Expiration time' claim ('exp') is too far in the future");
  if (typeof iat !== "number" || iat > now + skew)
    return refuse("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
  return app;
}

/** @throws GitHubFailure 401 for a token that is wrong, expired or of a removed installation. */
export function identifyActor(world: World, headers: SimulatorRequest["headers"]): Actor {
  const header = headers.authorization;
  if (header === undefined) return { kind: "anonymous" };
  const match = /^(?:bearer|token) (\S+)$/i.exec(header);
  const token = match?.[1];
  if (token === undefined) return refuse("Bad credentials");
  const installation = world.tokens.get(token);
  if (installation !== undefined) {
    if (installation.expiresAt < Date.now()) return refuse("Bad credentials");
    return { kind: "installation", token: installation, key: token };
  }
  if (token.startsWith("ghs_")) return refuse("Bad credentials");
  const account = world.accounts.find((candidate) => candidate.token === token);
  if (account !== undefined) return { kind: "user", account };
  if (token.split(".").length === 3) return { kind: "app", app: readAppToken(world, token) };
  return refuse("Bad credentials");
}

/**
 * A token in the long form that GitHub began to give out in 2026: `ghs_<app id>_<JWT>`. Nobody but GitHub can check its
 * signature, so random bytes of the right length stand for it.
 */
export function makeInstallationToken(installation: Installation): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: "github-simulator", sub: String(installation.id), jti: randomUUID() };
  const unsigned = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  return `ghs_${installation.app.id}_${unsigned}.${randomBytes(256).toString("base64url")}`;
}
