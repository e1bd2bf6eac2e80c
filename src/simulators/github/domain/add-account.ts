import { randomUUID } from "node:crypto";
import { findAccount } from "../find-in-world.ts";
import type { Account, World } from "../world.ts";

export function addAccount(
  world: World,
  account: { login: string; kind: Account["kind"]; name?: string | undefined; email?: string | undefined },
): Account {
  if (findAccount(world, account.login) !== undefined) throw new Error(`account ${account.login} exists`);
  const id = world.nextId();
  const made: Account = {
    id,
    login: account.login,
    kind: account.kind,
    name: account.name ?? account.login,
    email: account.email ?? `${id}+${account.login}@users.noreply.github.com`,
    createdAt: world.now(),
    token: `ghp_${randomUUID().replaceAll("-", "")}`,
    members: new Map(),
  };
  world.accounts.push(made);
  return made;
}
