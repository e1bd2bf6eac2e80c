import type { Issue, IssueEvent, World } from "../world.ts";
import { renderNodeId, renderTeam, renderTime, renderUser } from "./render-account.ts";
import { renderRepositoryUrl } from "./render-repository.ts";

type Json = Record<string, unknown>;

function renderWhat(world: World, event: IssueEvent): Json {
  const { what } = event;
  if ("label" in what) return { label: { name: what.label, color: "ededed" } };
  if (what.kind === "renamed") return { rename: { from: what.from, to: what.to } };
  if (what.kind === "review_dismissed") {
    // In lower case, as webhooks write it and unlike the list of reviews.
    const state = what.stateBefore.toLowerCase();
    return { dismissed_review: { state, review_id: what.review.id, dismissal_message: what.message } };
  }
  const { reviewer } = what;
  return {
    review_requester: renderUser(world, event.actor),
    ...("slug" in reviewer
      ? { requested_team: renderTeam(world, reviewer) }
      : { requested_reviewer: renderUser(world, reviewer) }),
  };
}

/** An event of an issue's or pull request's timeline. */
export function renderIssueEvent(world: World, issue: Issue, event: IssueEvent): Json {
  return {
    id: event.id,
    node_id: renderNodeId("IssueEvent", event.id),
    url: `${renderRepositoryUrl(world, issue.repo)}/issues/events/${event.id}`,
    actor: renderUser(world, event.actor),
    event: event.what.kind,
    commit_id: null,
    commit_url: null,
    created_at: renderTime(event.createdAt),
    performed_via_github_app: null,
    ...renderWhat(world, event),
  };
}
