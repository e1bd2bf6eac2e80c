/** One thing that was looked at. */
export interface Finding {
  /** Stable id of the check, for example `github.permissions`. */
  check: string;
  /** What it is about: an installation, a repository, a binding. */
  subject: string;
  /** `warn`: it works, and somebody should know. `fail`: something that Routeward does will not work. */
  state: "ok" | "warn" | "fail";
  /** What was found, in one sentence. */
  found: string;
  /** What to do; null when all is well. */
  mend: string | null;
}

export function pass(check: string, subject: string, found: string): Finding {
  return { check, subject, state: "ok", found, mend: null };
}

export function warn(check: string, subject: string, found: string, mend: string): Finding {
  return { check, subject, state: "warn", found, mend };
}

export function fail(check: string, subject: string, found: string, mend: string): Finding {
  return { check, subject, state: "fail", found, mend };
}
