import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { readList, readMap, type Reading, type Steps } from "./reading.ts";

/** One document of the file with its content. */
export interface Resource {
  reading: Reading;
  top: JsonObject;
}

/** `metadata.name` of a resource. */
export function nameOf(top: JsonObject): string {
  const metadata = top["metadata"];
  const name = isJsonObject(metadata) ? metadata["name"] : null;
  return typeof name === "string" ? name : "(without a name)";
}

/** What Envoy writes into the request's body, under the path of each value. */
export function readMutation(reading: Reading, steps: Steps, value: JsonValue | undefined): JsonObject {
  const mutation = readMap(reading, steps, value) ?? {};
  const set = readList(reading, [...steps, "set"], mutation["set"]).filter(isJsonObject);
  const removed = readList(reading, [...steps, "remove"], mutation["remove"]);
  return Object.fromEntries([
    ...set.map((each) => [describeKey(each["path"]), each["value"] ?? null] as const),
    ...removed.map((each) => [`removed ${describeKey(each)}`, true] as const),
  ]);
}

function describeKey(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
