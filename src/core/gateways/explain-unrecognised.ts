import type { Problem } from "../problem.ts";

const hint =
  "Files of LiteLLM, Envoy AI Gateway, Kong (decK) and Portkey are recognised by their content; this is none of them.";

/** Tells somebody whose file is neither a record nor a gateway's what else would have been read. */
export function explainUnrecognised(problem: Problem): Problem {
  const isOther = problem.code === "no-record" || problem.code === "several-documents";
  return isOther ? { ...problem, fix: `${problem.fix} ${hint}` } : problem;
}
