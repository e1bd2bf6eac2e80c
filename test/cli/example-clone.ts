import { readFileSync } from "node:fs";
import { makeClone, type Clone } from "./command-line.ts";

export const examplePath = "model-routes/support/answer.yaml";
export const exampleFlag = "support_answer_model_route";

export function readExample(name: string): string {
  return readFileSync(new URL(`../../docs/examples/${name}`, import.meta.url), "utf8");
}

/** The example repository: rules and prompt on main, the full route file on the branch `canary` that is checked out. */
export function makeExampleClone(): Clone {
  const clone = makeClone({
    ".github/CODEOWNERS": readExample("CODEOWNERS"),
    ".github/routeward.yml": readExample("routeward.yml"),
    "prompts/support/v3.md": "Answer from the public documentation.\n",
  });
  clone.git("remote", "add", "origin", "git@github.example:acme/support-routes.git");
  clone.git("checkout", "-q", "-b", "canary");
  clone.commit("Describe the route", { [examplePath]: readExample("support-answer-full.yaml") });
  return clone;
}
