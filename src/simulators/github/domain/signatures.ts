import type { Signature } from "../git/git-objects.ts";
import { findAccount } from "../find-in-world.ts";
import type { Account, World } from "../world.ts";

/** The address GitHub itself commits under when it merges. */
export const githubAddress = { name: "GitHub", email: "noreply@github.com" };

export function signAs(world: World, by: Account): Signature {
  return { name: by.name, email: by.email, date: world.now() };
}

/** A login, or the name and address of a stranger. */
export function signFor(world: World, by: string | { name: string; email: string }): Signature {
  if (typeof by !== "string") return { ...by, date: world.now() };
  const account = findAccount(world, by);
  if (account === undefined) throw new Error(`no account ${by}`);
  return signAs(world, account);
}
