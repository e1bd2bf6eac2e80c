import { renderNodeId } from "../render/render-account.ts";
import type { Account } from "../world.ts";

/** A person or bot. GitHub's `Bot.login` has no `[bot]` at its end, unlike REST. */
export function resolveAccount(account: Account): Record<string, unknown> {
  const isBot = account.kind === "Bot";
  return {
    __typename: isBot ? "Bot" : "User",
    id: renderNodeId("User", account.id),
    databaseId: account.id,
    login: isBot ? account.login.replace(/\[bot\]$/, "") : account.login,
    name: account.name,
  };
}
