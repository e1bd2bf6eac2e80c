import type { SimulatorRequest, SimulatorResponse } from "../loopback-server.ts";

/** FeatBit's envelope around a good answer. */
export function answerData(data: unknown): SimulatorResponse {
  return { status: 200, body: { success: true, errors: [], data } };
}

/** FeatBit's envelope around a refusal. */
export function answerErrors(status: number, ...errors: string[]): SimulatorResponse {
  const headers = status === 401 ? { headers: { "www-authenticate": "Bearer" } } : {};
  return { status, body: { success: false, errors, data: null }, ...headers };
}

/** ASP.NET's own answer, which is not the envelope. */
export function answerProblem(status: 400 | 415, detail: string): SimulatorResponse {
  const title = status === 400 ? "One or more validation errors occurred." : "Unsupported Media Type";
  return {
    status,
    body: JSON.stringify({
      type: "https://tools.ietf.org/html/rfc9110",
      title,
      status,
      ...(status === 400 ? { errors: { $: [detail] } } : {}),
      traceId: "00-simulator-00",
    }),
    headers: { "content-type": "application/problem+json; charset=utf-8" },
  };
}

/** Stops a handler with an answer that is not the happy one. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly response: SimulatorResponse;

  constructor(response: SimulatorResponse) {
    super(`refused with ${response.status}`);
    this.response = response;
  }
}

function refuseBinding(path: string): never {
  throw new Refusal(answerProblem(400, `The JSON value could not be converted. Path: $.${path}`));
}

/**
 * Reads a JSON object body the way ASP.NET binds one: 415 for another content type, 400 problem details for anything
 * that is no JSON object, unknown members dropped by the readers below.
 */
export function bindObject(request: SimulatorRequest, isOptional = false): Record<string, unknown> {
  const body = bindJson(request, isOptional);
  if (body === undefined) return {};
  if (typeof body !== "object" || body === null || Array.isArray(body)) refuseBinding("");
  return body as Record<string, unknown>;
}

/** Like `bindObject` for a body of any JSON type; undefined when an optional one is absent. */
export function bindJson(request: SimulatorRequest, isOptional = false): unknown {
  const type = request.headers["content-type"] ?? "";
  if (request.rawBody.length === 0 && isOptional) return undefined;
  if (!/^application\/(?:[a-z.-]+\+)?json\b/i.test(type)) throw new Refusal(answerProblem(415, ""));
  if (request.body === undefined) refuseBinding("");
  return request.body;
}

/** A string, or null when it is missing or null. */
export function bindText(value: unknown, path: string): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : refuseBinding(path);
}

/** A boolean with C#'s default when missing. */
export function bindBoolean(value: unknown, path: string, absent = false): boolean {
  if (value === undefined) return absent;
  return typeof value === "boolean" ? value : refuseBinding(path);
}

/** A number with C#'s default when missing. */
export function bindNumber(value: unknown, path: string): number {
  if (value === undefined) return 0;
  return typeof value === "number" ? value : refuseBinding(path);
}

/** A GUID; all zeros when missing, as .NET's default. */
export function bindGuid(value: unknown, path: string): string {
  if (value === undefined) return "00000000-0000-0000-0000-000000000000";
  const isGuid = typeof value === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
  return isGuid ? value.toLowerCase() : refuseBinding(path);
}

/** A list; a missing one becomes null, which is what FeatBit stores then. */
export function bindList<T>(value: unknown, path: string, bindItem: (item: unknown, path: string) => T): T[] {
  // FeatBit keeps the null and fails on it later; the simulator does the same, so the type is not told.
  if (value === undefined || value === null) return null as unknown as T[];
  if (!Array.isArray(value)) refuseBinding(path);
  return value.map((item, index) => bindItem(item, `${path}[${index}]`));
}

/** An object's members for the readers above. */
export function bindMembers(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseBinding(path);
  return value as Record<string, unknown>;
}
