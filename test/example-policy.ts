import { readFileSync } from "node:fs";

/** The policy of the examples, as it stands. */
export function readExamplePolicy(): string {
  return readFileSync(new URL("../docs/examples/routeward.yml", import.meta.url), "utf8");
}
