import { z } from "zod";
import type { Account } from "../../core/facts.ts";
import { GitHubError, type RepositoryPort } from "../../ports/github.ts";
import { accountOrNullSchema } from "./accounts.ts";
import { parseCoAuthors, parseNoreplyAddress, type NamedPerson } from "./parse-co-authors.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** GitHub lists no more commits of a pull request (facts/github.md section 3). */
const maximumCommits = 250;

/** Commits whose co-authors are asked about in one GraphQL call; each costs a connection of 100. */
const maximumAsked = 20;

const signatureSchema = z
  .object({ name: z.string().catch(""), email: z.string().catch("") })
  .nullish()
  .catch(null);

const commitSchema = z.object({
  sha: z.string(),
  commit: z.object({ message: z.string().catch(""), author: signatureSchema, committer: signatureSchema }),
  author: accountOrNullSchema,
  committer: accountOrNullSchema,
});

const pullCountSchema = z.object({ commits: z.number() });

const authorsSchema = z.object({
  repository: z
    .record(
      z.string(),
      z
        .object({
          authors: z.object({
            nodes: z.array(
              z
                .object({
                  email: z.string().nullable(),
                  user: z.object({ databaseId: z.number(), login: z.string() }).nullable(),
                })
                .nullable(),
            ),
          }),
        })
        .nullable()
        .catch(null),
    )
    .nullable(),
});

type Commit = z.infer<typeof commitSchema>;

/** GitHub's own name as committer of everything that is done on its pages; it is nobody's work. */
function isWebFlow(account: Account | null, email: string): boolean {
  return account === null ? email === "noreply@github.com" : account.login === "web-flow";
}

/** Lets GitHub resolve addresses to accounts, commit by commit. Best effort: whoever stays unresolved fails closed in the core. */
async function resolveCoAuthors(context: RepositoryContext, commits: readonly string[]): Promise<Map<string, Account>> {
  const accounts = new Map<string, Account>();
  for (let start = 0; start < commits.length; start += maximumAsked) {
    const group = commits.slice(start, start + maximumAsked);
    const declarations = group.map((_, index) => `$c${index}:GitObjectID!`).join(",");
    const selections = group
      .map(
        (_, index) =>
          `c${index}:object(oid:$c${index}){...on Commit{authors(first:100){nodes{email user{databaseId login}}}}}`,
      )
      .join(" ");
    try {
      const answer = await context.client.query(
        `query Authors($owner:String!,$name:String!,${declarations}){repository(owner:$owner,name:$name){${selections}}}`,
        {
          owner: context.place.owner,
          name: context.place.repo,
          ...Object.fromEntries(group.map((sha, index) => [`c${index}`, sha])),
        },
        authorsSchema,
        "resolve co-authors",
      );
      for (const commit of Object.values(answer.repository ?? {})) {
        for (const node of commit?.authors.nodes ?? []) {
          if (node?.email && node.user) {
            const { databaseId: id, login } = node.user;
            accounts.set(node.email.toLowerCase(), { id, login, isBot: login.endsWith("[bot]") });
          }
        }
      }
    } catch (error) {
      if (!(error instanceof GitHubError) || error.kind === "rate-limited") throw error;
      context.log.warn({ err: error, commits: group.length }, "could not resolve co-authors");
    }
  }
  return accounts;
}

function describe(signature: z.infer<typeof signatureSchema>): NamedPerson {
  const email = (signature?.email ?? "").trim().toLowerCase();
  return { text: `${signature?.name ?? ""} <${email}>`.trim(), email };
}

/** See `RepositoryPort.readCommitPeople`. Each account once, each unresolved text once; accounts by id first. */
export async function readCommitPeople(
  context: RepositoryContext,
  number: number,
): ReturnType<RepositoryPort["readCommitPeople"]> {
  const place = { ...context.place, pull_number: number };
  const [pull, listing] = await Promise.all([
    context.client.get(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}",
      place,
      pullCountSchema,
      "read the pull request",
    ),
    context.client.list<Commit>(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits",
      place,
      commitSchema,
      "list the commits",
    ),
  ]);

  const found = new Map<number, { account: Account; text: string }>();
  const unknown = new Map<string, NamedPerson>();
  const withUnknown = new Set<string>();
  const add = (person: NamedPerson, account: Account | null, sha: string): void => {
    if (account !== null) {
      if (!found.has(account.id)) found.set(account.id, { account, text: person.text });
      return;
    }
    unknown.set(person.text, person);
    withUnknown.add(sha);
  };

  for (const commit of listing.items) {
    add(describe(commit.commit.author), commit.author, commit.sha);
    const committer = describe(commit.commit.committer);
    if (!isWebFlow(commit.committer, committer.email)) add(committer, commit.committer, commit.sha);
    for (const person of parseCoAuthors(commit.commit.message)) {
      // Authors and committers GitHub has resolved itself, so only trailers are read by their address here: an author
      // whom GitHub does not know must stay unknown, whatever his address claims.
      add(person, parseNoreplyAddress(person.email), commit.sha);
    }
  }

  const resolved =
    withUnknown.size === 0 ? new Map<string, Account>() : await resolveCoAuthors(context, [...withUnknown]);
  const unresolved: { account: null; text: string }[] = [];
  for (const person of unknown.values()) {
    const account = person.email === "" ? undefined : resolved.get(person.email);
    if (account === undefined) unresolved.push({ account: null, text: person.text });
    else if (!found.has(account.id)) found.set(account.id, { account, text: person.text });
  }

  return {
    complete: listing.complete && pull.commits <= maximumCommits && listing.items.length === pull.commits,
    people: [
      ...[...found.values()].sort((one, other) => one.account.id - other.account.id),
      ...unresolved.sort((one, other) => (one.text < other.text ? -1 : 1)),
    ],
    commits: listing.items.map((commit) => commit.sha),
  };
}
