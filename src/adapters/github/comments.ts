import { z } from "zod";
import { accountOrNullSchema } from "./accounts.ts";
import { createOnce, repeatWrite } from "./create-once.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** Open issues that are looked through for one of ours: the newest 1,000. */
const maximumIssuePages = 10;

const authored = {
  body: z.string().nullish(),
  user: accountOrNullSchema,
  performed_via_github_app: z.object({ id: z.number() }).nullish().catch(null),
};
const commentSchema = z.object({ id: z.number(), ...authored });
const issueSchema = z.object({ number: z.number(), pull_request: z.unknown().optional(), ...authored });

type Authored = Pick<z.infer<typeof commentSchema>, "body" | "user" | "performed_via_github_app">;

function renderMarker(marker: string): string {
  return `<!-- ${marker} -->`;
}

function withMarker(marker: string, body: string): string {
  return body.includes(renderMarker(marker)) ? body : `${renderMarker(marker)}\n${body}`;
}

/** Anybody can paste a marker, so the author decides (facts/github.md section 10). */
async function isOurs(context: RepositoryContext, item: Authored, marker: string): Promise<boolean> {
  if (item.body?.includes(renderMarker(marker)) !== true) return false;
  if (item.performed_via_github_app?.id === context.appId) return true;
  return item.user?.login.toLowerCase() === (await context.readBotLogin()).toLowerCase();
}

/** GitHub may change line ends and the white space at the end. */
function isSameText(one: string, other: string): boolean {
  const normalise = (text: string): string => text.replaceAll("\r\n", "\n").trimEnd();
  return normalise(one) === normalise(other);
}

async function findComment(
  context: RepositoryContext,
  number: number,
  marker: string,
): Promise<{ id: number; body: string } | null> {
  const { items } = await context.client.list(
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
    { ...context.place, issue_number: number },
    commentSchema,
    "list the comments",
  );
  for (const comment of items) {
    if (await isOurs(context, comment, marker)) return { id: comment.id, body: comment.body ?? "" };
  }
  return null;
}

async function createComment(
  context: RepositoryContext,
  number: number,
  marker: string,
  body: string,
): Promise<{ value: { id: number; body: string }; written: boolean }> {
  return createOnce({
    find: () => findComment(context, number, marker),
    create: async () => {
      const made = await context.client.send(
        "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
        { ...context.place, issue_number: number, body: withMarker(marker, body) },
        commentSchema,
        "add a comment",
      );
      return { id: made.id, body: withMarker(marker, body) };
    },
    wait: context.wait,
  });
}

/** See `RepositoryPort.addComment`. */
export async function addComment(
  context: RepositoryContext,
  number: number,
  marker: string,
  body: string,
): Promise<{ commentId: number; written: boolean }> {
  const { value, written } = await createComment(context, number, marker, body);
  return { commentId: value.id, written };
}

/** See `RepositoryPort.putComment`. The marker is added in front when the body does not hold it. */
export async function putComment(
  context: RepositoryContext,
  number: number,
  marker: string,
  body: string,
): Promise<{ commentId: number; written: boolean }> {
  const { value, written } = await createComment(context, number, marker, body);
  const wanted = withMarker(marker, body);
  if (isSameText(value.body, wanted)) return { commentId: value.id, written };
  await repeatWrite(
    () =>
      context.client.send(
        "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
        { ...context.place, comment_id: value.id, body: wanted },
        commentSchema,
        "edit the comment",
      ),
    context.wait,
  );
  return { commentId: value.id, written: true };
}

async function findIssue(context: RepositoryContext, marker: string): Promise<number | null> {
  const { items, complete } = await context.client.list(
    "GET /repos/{owner}/{repo}/issues",
    { ...context.place, state: "open", sort: "created", direction: "desc" },
    issueSchema,
    "list the open issues",
    { maxPages: maximumIssuePages },
  );
  for (const issue of items) {
    if (issue.pull_request === undefined && (await isOurs(context, issue, marker))) return issue.number;
  }
  if (!complete) context.log.warn({ issues: items.length }, "only the newest open issues were looked through");
  return null;
}

/** See `RepositoryPort.openIssue`. */
export async function openIssue(
  context: RepositoryContext,
  marker: string,
  title: string,
  body: string,
  labels: readonly string[],
): Promise<{ number: number; written: boolean }> {
  const { value, written } = await createOnce({
    find: () => findIssue(context, marker),
    create: async () => {
      const made = await context.client.send(
        "POST /repos/{owner}/{repo}/issues",
        { ...context.place, title, body: withMarker(marker, body), labels },
        z.object({ number: z.number() }),
        "open an issue",
      );
      return made.number;
    },
    wait: context.wait,
  });
  return { number: value, written };
}
