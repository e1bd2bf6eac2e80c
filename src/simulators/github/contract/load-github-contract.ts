import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContractChecker, type ContractChecker } from "../../contract/contract-checker.ts";

let loaded: ContractChecker | undefined;

/** The checker of GitHub's own OpenAPI document, cut to what is simulated. Unknown request fields are violations.
 * One for the whole process: it keeps nothing but compiled schemas, and compiling them is what costs. */
export function loadGitHubContract(): ContractChecker {
  if (loaded !== undefined) return loaded;
  const text = readFileSync(join(import.meta.dirname, "github-openapi.json"), "utf8");
  loaded = createContractChecker(JSON.parse(text) as object, { strictRequests: true });
  return loaded;
}
