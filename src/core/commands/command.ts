export const commandVerbs = [
  "status",
  "explain",
  "recheck",
  "rehearse",
  "promote",
  "pause",
  "resume",
  "rollback",
  "help",
] as const;
export type CommandVerb = (typeof commandVerbs)[number];

/** What somebody asked for in a comment (SPEC 15). */
export type Command =
  | {
      kind: Exclude<CommandVerb, "rollback">;
      /** Null when none is named; several routes then need one. */
      flagKey: string | null;
    }
  | {
      kind: "rollback";
      /** Words after the verb; may begin or end with a flag key, see `matchFlagKey`. Empty when no reason was given. */
      reason: string;
      flagKey: null;
    };

export type ParsedCommand = Command | { kind: "none" } | { kind: "unknown"; word: string };
