import { afterEach, beforeEach, expect, it } from "vitest";
import { closeAcme, startAcme, type AcmeScenario } from "./acme-scenario.ts";

let acme: AcmeScenario;
const at = { owner: "acme", repo: "shop" };

beforeEach(async () => {
  acme = await startAcme();
});
afterEach(() => closeAcme(acme));

it("keeps dismissals with the verdict that is gone from the list of reviews, renames, labels and requests", async () => {
  const { github, repo } = acme;
  github.pushFiles({ repo, branch: "change", author: "ada", message: "Change", files: { a: "1" } });
  const { number } = github.openPull({ repo, head: "change", title: "A", author: "ada" });
  github.requestReview({ repo, number, by: "ada", reviewers: ["bob"], teams: ["platform"] });
  const review = github.review({ repo, number, by: "cleo", event: "REQUEST_CHANGES" });
  const silent = github.review({ repo, number, by: "bob", event: "APPROVE" });
  const bob = acme.as("bob");
  await bob.rest.pulls.dismissReview({ ...at, pull_number: number, review_id: review, message: "answered" });
  github.dismissReview({ repo, number, review: silent, by: "dora" });
  github.editPull({ repo, number, by: "ada", title: "B" });
  await bob.rest.issues.addLabels({ ...at, issue_number: number, labels: ["route"] });
  const { data } = await bob.rest.issues.listEvents({ ...at, issue_number: number });
  expect(data).toMatchObject([
    { event: "review_requested", actor: { login: "ada" }, requested_reviewer: { login: "bob" } },
    { event: "review_requested", requested_team: { slug: "platform" } },
    {
      event: "review_dismissed",
      actor: { login: "bob" },
      dismissed_review: { review_id: review, state: "changes_requested", dismissal_message: "answered" },
    },
    {
      event: "review_dismissed",
      actor: { login: "dora" },
      dismissed_review: { review_id: silent, state: "approved", dismissal_message: null },
    },
    { event: "renamed", rename: { from: "A", to: "B" } },
    { event: "labeled", label: { name: "route" } },
  ]);
  const page = await bob.rest.issues.listEvents({ ...at, issue_number: number, per_page: 2, page: 2 });
  expect(page.data.map((event) => event.event)).toEqual(["review_dismissed", "review_dismissed"]);
});
