import { cut } from "../problem.ts";
import type { Verdict } from "./verdict.ts";

/** Longest title of a check run that GitHub surely takes (facts/github.md section 2). */
const longest = 255;

/** The verdict in one plain sentence (SPEC 11). Not escaped: a title is no Markdown. */
export function renderTitle(verdict: Omit<Verdict, "title" | "request" | "withdraw">): string {
  const mode = verdict.mode === "report" ? " (report only)" : "";
  // What could not be read has no tier that anybody could rely on.
  if (
    verdict.state === "invalid" &&
    verdict.routes.length + verdict.gateways.length === 0 &&
    verdict.governance === null
  )
    return cut(`Invalid${mode}: ${verdict.next[0] ?? "the files cannot be read"}`.replaceAll(/\s+/g, " "), longest);
  const risk = `${verdict.tier.slice(0, 1).toUpperCase()}${verdict.tier.slice(1)} risk`;
  return cut(`${risk}${mode}: ${describeState(verdict)}`.replaceAll(/\s+/g, " "), longest);
}

function describeState(verdict: Omit<Verdict, "title" | "request" | "withdraw">): string {
  const judged = [...verdict.routes, ...verdict.gateways, ...(verdict.governance === null ? [] : [verdict.governance])];
  const roles = judged.flatMap((each) => each.requirements);
  const approved = roles.filter((each) => each.state === "approved").length;
  const count = `${approved} of ${roles.length} role${roles.length === 1 ? "" : "s"} approved`;
  const [first = "nothing is left to do"] = verdict.next;
  switch (verdict.state) {
    case "approved":
      return roles.length === 1
        ? `approved by ${roles.map((each) => each.requirement.role).join()}`
        : `approved by all ${roles.length} roles`;
    case "invalid":
      return `invalid: ${first}`;
    case "blocked":
      return `blocked: ${first}`;
    case "waiting":
    case "not-applicable":
    default: {
      const own = verdict.reasons.find((reason) => reason.state === "waiting");
      if (own !== undefined) return `waiting: ${own.text}`;
      const waiting = [
        ...new Set(roles.filter((each) => each.state === "waiting").map((each) => each.requirement.role)),
      ];
      return waiting.length === 0 ? `waiting: ${first}` : `waiting for ${waiting.join(", ")} (${count})`;
    }
  }
}
