import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContractChecker, type ContractChecker } from "../../contract/contract-checker.ts";

/** The checker of GitHub's own OpenAPI document, cut to what is simulated. Unknown request fields are violations. */
export function loadGitHubContract(): ContractChecker {
  const text = readFileSync(join(import.meta.dirname, "github-openapi.json"), "utf8");
  return createContractChecker(JSON.parse(text) as object, { strictRequests: true });
}
