import { z } from "zod";
import type { ChangeProposal } from "../../core/effect.ts";
import { GitHubError, type ProposedChange } from "../../ports/github.ts";
import { accountOrNullSchema } from "./accounts.ts";
import { isOutcomeUnknown, repeatWrite } from "./create-once.ts";
import { readBranch } from "./read-refs.ts";
import type { RepositoryContext } from "./repository-context.ts";

const shaSchema = z.object({ sha: z.string() });
const commitSchema = z.object({ tree: z.object({ sha: z.string() }), parents: z.array(z.object({ sha: z.string() })) });
const refSchema = z.object({ object: z.object({ sha: z.string() }) });
const treeSchema = z.object({
  tree: z.array(z.object({ path: z.string(), type: z.string(), sha: z.string(), mode: z.string() })),
});
const pullSchema = z.object({
  number: z.number(),
  state: z.enum(["open", "closed"]),
  merged_at: z.string().nullish(),
  user: accountOrNullSchema,
  head: z.object({ ref: z.string(), sha: z.string() }),
});

type Pull = z.infer<typeof pullSchema>;

/** What the branch should hold at its tip, and the commit that it stands on. */
interface Tip {
  sha: string;
  parents: readonly string[];
  blob: string | null;
}

/**
 * See `RepositoryPort.proposeChange`. Git objects are named by their content, so writing one again changes nothing; the branch has a name
 * of its own and a branch has one open pull request. What is there already is found by these names, so that a repetition after a
 * crash, or after an answer that got lost, makes nothing twice.
 */
export async function proposeChange(context: RepositoryContext, proposal: ChangeProposal): Promise<ProposedChange> {
  try {
    return await propose(context, proposal);
  } catch (error) {
    // Reading was allowed before; what is refused here is writing (facts/github.md section 8).
    if (error instanceof GitHubError && error.kind === "forbidden") return { kind: "forbidden" };
    throw error;
  }
}

async function propose(context: RepositoryContext, proposal: ChangeProposal): Promise<ProposedChange> {
  const existing = await findPull(context, proposal.branch);
  if (existing !== null && existing.state === "closed")
    return { kind: "closed", number: existing.number, merged: typeof existing.merged_at === "string" };
  const blob = await repeatWrite(
    () =>
      context.client.send(
        "POST /repos/{owner}/{repo}/git/blobs",
        { ...context.place, content: Buffer.from(proposal.text).toString("base64"), encoding: "base64" },
        shaSchema,
        "write the proposed file",
      ),
    context.wait,
  );
  const moved = await putBranch(context, proposal, blob.sha);
  if (existing !== null) return { kind: "open", number: existing.number, written: moved };
  return { kind: "open", number: await openPull(context, proposal), written: true };
}

/** The newest of ours from that branch. Only the app and people who may write can push the branch; the author decides. */
async function findPull(context: RepositoryContext, branch: string): Promise<Pull | null> {
  const { items } = await context.client.list(
    "GET /repos/{owner}/{repo}/pulls",
    {
      ...context.place,
      state: "all",
      head: `${context.place.owner}:${branch}`,
      sort: "created",
      direction: "desc",
    },
    pullSchema,
    "look for the proposed pull request",
    { maxPages: 1 },
  );
  const login = (await context.readBotLogin()).toLowerCase();
  const ours = items.filter((pull) => pull.head.ref === branch && pull.user?.login.toLowerCase() === login);
  return ours.find(({ state }) => state === "open") ?? ours[0] ?? null;
}

/**
 * Makes the branch hold the proposed file on top of the base. A branch on which somebody else has committed is theirs and stays; one of
 * ours on an older base whose file means something else is moved.
 *
 * @returns whether anything was written
 */
async function putBranch(context: RepositoryContext, proposal: ChangeProposal, blob: string): Promise<boolean> {
  const current = await readTip(context, proposal);
  if (current?.blob === blob) return false;
  if (current !== null && !(await isOwnCommit(context, current, proposal))) return false;
  const commit = await writeCommit(context, proposal, blob);
  if (current !== null) {
    await repeatWrite(
      () =>
        context.client.send(
          "PATCH /repos/{owner}/{repo}/git/refs/{ref}",
          { ...context.place, ref: `heads/${proposal.branch}`, sha: commit, force: true },
          refSchema,
          "move the branch of the proposal",
        ),
      context.wait,
    );
    return true;
  }
  try {
    await context.client.send(
      "POST /repos/{owner}/{repo}/git/refs",
      { ...context.place, ref: `refs/heads/${proposal.branch}`, sha: commit },
      refSchema,
      "create the branch of the proposal",
    );
  } catch (error) {
    // The answer was lost, or another run was faster: the branch says which.
    const isDoubtful = isOutcomeUnknown(error) || (error instanceof GitHubError && error.kind === "invalid");
    if (!isDoubtful) throw error;
    if ((await readTip(context, proposal))?.blob !== blob) throw error;
  }
  return true;
}

async function readTip(context: RepositoryContext, proposal: ChangeProposal): Promise<Tip | null> {
  const sha = await readBranch(context, proposal.branch);
  if (sha === null) return null;
  const commit = await readCommit(context, sha);
  return {
    sha,
    parents: commit.parents.map((parent) => parent.sha),
    blob: await findBlob(context, commit.tree.sha, proposal.path),
  };
}

async function readCommit(context: RepositoryContext, sha: string): Promise<z.infer<typeof commitSchema>> {
  return context.client.get(
    "GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
    { ...context.place, commit_sha: sha },
    commitSchema,
    "read the commit",
  );
}

/** Walks down folder by folder: a recursive tree of a large repository would be cut. */
async function findBlob(context: RepositoryContext, root: string, path: string): Promise<string | null> {
  let tree = root;
  const names = path.split("/");
  for (const [index, name] of names.entries()) {
    const { tree: entries } = await context.client.get(
      "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
      { ...context.place, tree_sha: tree },
      treeSchema,
      "read the tree",
    );
    const entry = entries.find((each) => each.path === name);
    if (entry === undefined) return null;
    if (index === names.length - 1) return entry.type === "blob" ? entry.sha : null;
    if (entry.type !== "tree") return null;
    tree = entry.sha;
  }
  return null;
}

const authoredSchema = z.object({ author: accountOrNullSchema, parents: z.array(z.unknown()) });

/** A single commit of the app on top of the base branch: nobody has worked on it. */
async function isOwnCommit(context: RepositoryContext, tip: Tip, proposal: ChangeProposal): Promise<boolean> {
  const commit = await context.client.get(
    "GET /repos/{owner}/{repo}/commits/{ref}",
    { ...context.place, ref: tip.sha },
    authoredSchema,
    "read who made the commit",
  );
  if (commit.author?.login.toLowerCase() !== (await context.readBotLogin()).toLowerCase()) return false;
  const [parent] = tip.parents;
  if (tip.parents.length !== 1 || parent === undefined) return false;
  const compared = await context.client.get(
    "GET /repos/{owner}/{repo}/compare/{basehead}",
    { ...context.place, basehead: `${proposal.baseSha}...${parent}`, per_page: 1 },
    z.object({ ahead_by: z.number() }),
    "compare the branch with its base",
  );
  return compared.ahead_by === 0;
}

async function writeCommit(context: RepositoryContext, proposal: ChangeProposal, blob: string): Promise<string> {
  const base = await readCommit(context, proposal.baseSha);
  const tree = await repeatWrite(
    () =>
      context.client.send(
        "POST /repos/{owner}/{repo}/git/trees",
        {
          ...context.place,
          base_tree: base.tree.sha,
          tree: [{ path: proposal.path, mode: proposal.isExecutable ? "100755" : "100644", type: "blob", sha: blob }],
        },
        shaSchema,
        "write the proposed tree",
      ),
    context.wait,
  );
  const commit = await repeatWrite(
    () =>
      context.client.send(
        "POST /repos/{owner}/{repo}/git/commits",
        // Without an author of its own GitHub signs it for the app (facts/github.md section 11).
        { ...context.place, message: proposal.message, tree: tree.sha, parents: [proposal.baseSha] },
        shaSchema,
        "write the proposed commit",
      ),
    context.wait,
  );
  return commit.sha;
}

async function openPull(context: RepositoryContext, proposal: ChangeProposal): Promise<number> {
  const { branch, baseRef, title, body } = proposal;
  try {
    const made = await context.client.send(
      "POST /repos/{owner}/{repo}/pulls",
      { ...context.place, head: branch, base: baseRef, title, body, maintainer_can_modify: false },
      z.object({ number: z.number() }),
      "open the proposed pull request",
    );
    return made.number;
  } catch (error) {
    const isDoubtful = isOutcomeUnknown(error) || (error instanceof GitHubError && error.kind === "invalid");
    if (!isDoubtful) throw error;
    await context.wait(500);
    const made = await findPull(context, branch);
    if (made === null) throw error;
    return made.number;
  }
}
