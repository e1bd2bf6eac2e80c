import { z } from "zod";
import type { Account } from "../../core/facts.ts";

/** A `simple-user` of GitHub's REST API, as far as it matters. */
export const accountSchema = z
  .object({ id: z.number(), login: z.string().min(1), type: z.string().optional() })
  .transform((user): Account => ({ id: user.id, login: user.login, isBot: isBot(user.login, user.type) }));

/** Null for deleted accounts; GitHub writes `{}` for some commits, which names nobody either. */
export const accountOrNullSchema = z.union([
  accountSchema,
  z
    .object({})
    .nullish()
    .transform(() => null),
]);

/** Apps have logins like `renovate[bot]`; the type says it too where GitHub sends it. */
function isBot(login: string, type: string | undefined): boolean {
  return type === "Bot" || login.endsWith("[bot]");
}
