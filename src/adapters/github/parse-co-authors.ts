import type { Account } from "../../core/facts.ts";

/** Somebody who is named in a commit. `email` is lower case, empty when the line has none. */
export interface NamedPerson {
  text: string;
  email: string;
}

const trailerKey = "co-authored-by:";

/** A message may be megabytes; trailers stand at its end. */
const maximumLines = 2000;

/**
 * Co-authors that a commit message names. Every such line counts, wherever it stands: more people are then kept from
 * approving, never fewer. A line without an address is a person whom nobody can find.
 */
export function parseCoAuthors(message: string): NamedPerson[] {
  const people: NamedPerson[] = [];
  for (const line of message.split("\n").slice(-maximumLines)) {
    const trimmed = line.trim();
    if (!trimmed.toLowerCase().startsWith(trailerKey)) continue;
    const text = trimmed.slice(trailerKey.length).trim();
    const start = text.lastIndexOf("<");
    const end = text.lastIndexOf(">");
    people.push({
      text,
      email:
        start >= 0 && end > start
          ? text
              .slice(start + 1, end)
              .trim()
              .toLowerCase()
          : "",
    });
  }
  return people;
}

/**
 * The account that a `noreply` address of GitHub names: `ID+login@users.noreply.HOST`. Null for other addresses, also
 * for the older form without an id.
 */
export function parseNoreplyAddress(email: string): Account | null {
  const match = /^(\d{1,15})\+([a-z0-9-]{1,100}(?:\[bot\])?)@users\.noreply\.[a-z0-9.-]{1,200}$/.exec(email);
  const [, id, login] = match ?? [];
  return id === undefined || login === undefined ? null : { id: Number(id), login, isBot: login.endsWith("[bot]") };
}
