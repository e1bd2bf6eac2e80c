import { isJsonList, isJsonObject, type JsonValue } from "../json.ts";

/**
 * Puts the maps behind YAML 1.1 merge keys (`<<`) in place, as the YAML readers of the gateways do: a key that is written out wins,
 * then the earlier of several merged maps. Linear in the values, which the parser has bounded.
 */
export function resolveMergeKeys(value: JsonValue): JsonValue {
  if (isJsonList(value)) return value.map(resolveMergeKeys);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, member]): [string, JsonValue] => [key, resolveMergeKeys(member)]);
  const merged = entries.find(([key]) => key === "<<")?.[1];
  const own = entries.filter(([key]) => key !== "<<");
  if (merged === undefined) return Object.fromEntries(own);
  const sources = (isJsonList(merged) ? merged : [merged]).filter(isJsonObject);
  return Object.fromEntries([...sources.toReversed().flatMap((source) => Object.entries(source)), ...own]);
}
