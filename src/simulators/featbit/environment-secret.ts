import { randomUUID } from "node:crypto";

/** Digits as FeatBit writes numbers into connection tokens (facts/featbit-streaming.md section 1). */
const digits = "QBWSPHDXZU";

/** A GUID in .NET's byte order (the first three groups little-endian), as 22 characters of FeatBit's base64. */
function encodeGuid(guid: string): string {
  const hex = guid.replaceAll("-", "");
  const bytes = Buffer.from(hex, "hex");
  const mixed = Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
  return mixed.toString("base64").replaceAll("/", "_").replaceAll("+", "-").slice(0, 22);
}

function decodeGuid(text: string): string | null {
  if (!/^[A-Za-z0-9_-]{22}$/.test(text)) return null;
  const mixed = Buffer.from(text.replaceAll("_", "/").replaceAll("-", "+"), "base64");
  if (mixed.length !== 16) return null;
  const hex = Buffer.concat([
    mixed.subarray(0, 4).reverse(),
    mixed.subarray(4, 6).reverse(),
    mixed.subarray(6, 8).reverse(),
    mixed.subarray(8),
  ]).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** A new 44-character secret of an environment: a random part, then the environment's id. */
export function createEnvironmentSecret(envId: string): string {
  return encodeGuid(randomUUID()) + encodeGuid(envId);
}

/** The environment id a secret claims, or null when it has not the form of one. FeatBit's HTTP endpoints check no more. */
export function readEnvironmentId(secret: string): string | null {
  return secret.length === 44 ? decodeGuid(secret.slice(22)) : null;
}

function decodeNumber(text: string): number | null {
  const decoded = Array.from(text, (character) => digits.indexOf(character));
  return decoded.length === 0 || decoded.includes(-1) ? null : Number(decoded.join(""));
}

/**
 * Takes a streaming connection token apart.
 *
 * @returns the secret (44 characters) and the time in Unix milliseconds that the client wrote, or null for any other text.
 */
export function parseStreamToken(token: string): { secret: string; timestamp: number } | null {
  const position = decodeNumber(token.slice(0, 3));
  const length = decodeNumber(token.slice(3, 5));
  if (position === null || length === null) return null;
  const payload = token.slice(5);
  const timestamp = decodeNumber(payload.slice(position, position + length));
  if (timestamp === null || payload.length < position + length) return null;
  const bare = payload.slice(0, position) + payload.slice(position + length);
  const secret = bare + "=".repeat((4 - (bare.length % 4)) % 4);
  return secret.length === 44 ? { secret, timestamp } : null;
}
