import { matchGlob } from "./match-glob.ts";
import type { Policy } from "./policy.ts";

/** Whether the policy calls this path a route file. A file of the evidence folder never is one. */
export function isRoutePath(policy: Pick<Policy, "routes" | "evidenceFolder">, path: string): boolean {
  return !isEvidencePath(policy, path) && policy.routes.some((glob) => matchGlob(glob, path));
}

/** Whether the path lies in the evidence folder. */
export function isEvidencePath(policy: Pick<Policy, "evidenceFolder">, path: string): boolean {
  return path.startsWith(`${policy.evidenceFolder}/`);
}
