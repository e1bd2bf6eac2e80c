import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { openApproved, openRoute } from "./open-route.ts";
import { makeRoute, pathOfRoute } from "./route-texts.ts";
import { openStoryWorld, type StoryWorld } from "./story-world.ts";

const canary = "approved-for-internal-canary";
const repo = "acme/support-routes";
let story: StoryWorld;

beforeAll(async () => {
  story = await openStoryWorld();
});
afterAll(async () => {
  await story?.close();
});

// What nobody needs any more is not judged again with every change of a team.
afterEach(() => {
  const { github } = story.world;
  for (const { number } of github.pulls({ repo })) github.closePull({ repo, number, by: people.author });
});

const conclusion = (number: number): string | null => story.check(number).conclusion;
const textOf = (number: number): string => story.check(number).text ?? "";

async function approveAs(login: string, number: number, body = ""): Promise<void> {
  story.actors.approve(login, number, body);
  await story.actors.settle();
}

describe("who may approve", () => {
  it("not the author, whom GitHub itself refuses", async () => {
    const number = await openRoute(story, { flagKey: "support_author", status: canary });
    expect(() => story.actors.approve(people.author, number)).toThrow("Unprocessable");
    expect(conclusion(number)).toBe("action_required");
  });

  it("not somebody without write access, and not somebody who owns none of the roles", async () => {
    const number = await openRoute(story, { flagKey: "support_outsider", status: canary });
    await approveAs(people.outsider, number);
    await approveAs(people.operations, number);
    expect(conclusion(number)).toBe("action_required");
    expect(textOf(number)).toContain(`review of \`${people.outsider}\` does not count`);
    expect(textOf(number)).toContain(`review of \`${people.operations}\` does not count: its author owns none`);
    expect(story.check(number).title).toContain("0 of 2 roles approved");
  });

  it("not a co-author of one of its commits", async () => {
    const number = await openApproved(story, "support_coauthor");
    story.world.github.pushFiles({
      repo,
      branch: "support_coauthor",
      author: people.author,
      message: "Say it better",
      files: { "notes.md": "together\n" },
      coAuthors: [people.platform],
    });
    await story.actors.settle();
    expect(conclusion(number)).not.toBe("success");
    expect(textOf(number)).toContain(`review of \`${people.platform}\` does not count`);
  });

  it("not somebody who pushed to it, although another wrote the commit", async () => {
    const number = await openApproved(story, "support_pusher");
    story.world.github.pushFiles({
      repo,
      branch: "support_pusher",
      author: people.author,
      pusher: people.product,
      message: "Pushed by a reviewer",
      files: { "notes.md": "mine\n" },
    });
    await story.actors.settle();
    expect(conclusion(number)).not.toBe("success");
    expect(textOf(number)).toContain(`review of \`${people.product}\` does not count`);
  });

  it("at high risk nobody, while the word of a push is missing", async () => {
    const flagKey = "support_unheard";
    const number = await openRoute(story, { flagKey, status: canary, provider: "anthropic" });
    const { github } = story.world;
    const push = (pusher: string, words: string): void => {
      const files = { "notes.md": words };
      github.pushFiles({ repo, branch: flagKey, author: people.author, pusher, message: words, files });
    };
    await approveAs(people.product, number);
    await approveAs(people.platform, number);
    expect(textOf(number)).toContain("✅ ai-platform-owner");
    github.holdDeliveries();
    push(people.platform, "unheard");
    expect(github.loseHeldDeliveries()).toBeGreaterThan(0);
    github.releaseDeliveries();
    push(people.author, "heard");
    await story.actors.settle();
    expect(story.check(number).summary).toContain("word of a push is missing");
    expect(textOf(number)).not.toMatch(/✅ (ai-platform|product)-owner/);
  });

  it("one person in two roles limits the review with /routeward as, or fills both at medium risk", async () => {
    story.world.github.addTeamMember({ org: "acme", team: "ai-platform", login: people.product });
    await story.actors.settle();
    const number = await openRoute(story, { flagKey: "support_as", status: canary });
    await approveAs(people.product, number, "/routeward as product-owner");
    expect(story.check(number).title).toContain("waiting for ai-platform-owner (1 of 2 roles approved)");
    await approveAs(people.product, number, "Both then.");
    expect(conclusion(number)).toBe("success");
  });

  it("at high risk one person fills one side only", async () => {
    const number = await openRoute(story, { flagKey: "support_duties", status: canary, provider: "anthropic" });
    await approveAs(people.product, number);
    expect(story.check(number).title).toContain("High risk");
    expect(textOf(number)).toMatch(/separation of duties/i);
    expect(textOf(number)).toMatch(/⏳ (ai-platform|product)-owner/);
    story.world.github.removeTeamMember({ org: "acme", team: "ai-platform", login: people.product });
    await story.actors.settle();
  });
});

describe("who is asked", () => {
  it("the teams of the unmet roles, once; what Routeward asked and nobody needs any more is taken back, what others asked stays", async () => {
    const flagKey = "support_asked";
    const dear = { flagKey, status: canary, provider: "anthropic" };
    const number = await openRoute(story, dear);
    const { github } = story.world;
    expect(story.actors.asked(number)).toEqual(["@acme/ai-platform", "@acme/finance", "@acme/support-product"]);
    github.requestReview({ repo, number, by: people.author, teams: ["sre"] });
    await story.actors.settle();
    story.actors.push(people.author, flagKey, "The same provider", makeRoute({ flagKey, status: canary }));
    await story.actors.settle();
    expect(story.actors.asked(number)).toEqual(["@acme/ai-platform", "@acme/sre", "@acme/support-product"]);
    await approveAs(people.platform, number);
    expect(story.actors.asked(number)).toEqual(["@acme/sre", "@acme/support-product"]);
    github.requestReview({ repo, number, by: people.author, teams: ["ai-platform"] });
    await story.actors.settle();
    expect(story.actors.asked(number)).toEqual(["@acme/ai-platform", "@acme/sre", "@acme/support-product"]);
  });
});

describe("whom GitHub refuses to ask", () => {
  it("is tried once for a commit and named on the card", async () => {
    const flagKey = "support_refused";
    const { github } = story.world;
    const isRequest = ({ method, path }: { method: string; path: string }): boolean =>
      method === "POST" && path.endsWith("/requested_reviewers");
    const requests = (): number => github.server.log.filter(isRequest).length;
    const message = "Reviews may only be requested from collaborators.";
    // Once in the request for both teams, and once alone.
    github.server.addFault({
      when: (request) => isRequest(request) && JSON.stringify(request.body ?? "").includes("ai-platform"),
      times: 2,
      effect: { kind: "status", response: { status: 422, body: { message } } },
    });
    const number = await openRoute(story, { flagKey, status: canary });
    const before = requests();
    expect(story.check(number).summary).toContain("GitHub takes no review request for @&#8203;acme/ai-platform");
    expect(story.check(number).summary).toContain(message);
    await story.sweep("pulls");
    expect(requests()).toBe(before);
    story.actors.push(people.author, flagKey, "Again", { "notes.md": "again\n" });
    await story.actors.settle();
    expect(story.actors.asked(number)).toContain("@acme/ai-platform");
    expect(story.check(number).summary).not.toContain("GitHub takes no review request");
  });
});

describe("what ends an approval", () => {
  it("a request for changes blocks until its author changes it, whoever else dismisses it", async () => {
    const number = await openRoute(story, { flagKey: "support_changes", status: canary });
    await approveAs(people.platform, number);
    const { github } = story.world;
    const review = github.review({ repo, number, by: people.product, event: "REQUEST_CHANGES", body: "Too hot." });
    await story.actors.settle();
    expect(conclusion(number)).toBe("failure");
    expect(story.check(number).title).toContain(`@${people.product} asked for changes`);
    github.dismissReview({ repo, number, review, by: people.author });
    await story.actors.settle();
    expect(conclusion(number)).toBe("failure");
    await approveAs(people.product, number);
    expect(conclusion(number)).toBe("success");
  });

  it("a dismissal", async () => {
    const number = await openRoute(story, { flagKey: "support_dismissed", status: canary });
    await approveAs(people.platform, number);
    const { github } = story.world;
    const review = github.review({ repo, number, by: people.product, event: "APPROVE" });
    await story.actors.settle();
    expect(conclusion(number)).toBe("success");
    github.dismissReview({ repo, number, review, by: people.release });
    await story.actors.settle();
    expect(story.check(number).title).toContain("waiting for product-owner");
  });

  it("a push that changes the meaning, until the reviewed content is back", async () => {
    const flagKey = "support_old_commit";
    const number = await openApproved(story, flagKey);
    expect(conclusion(number)).toBe("success");
    const route = { flagKey, status: canary };
    story.actors.push(people.author, flagKey, "Hotter", makeRoute({ ...route, temperature: 0.9 }));
    await story.actors.settle();
    expect(conclusion(number)).not.toBe("success");
    expect(textOf(number).match(/does not count: /g)).toHaveLength(2);
    story.actors.push(people.author, flagKey, "Back", makeRoute(route));
    await story.actors.settle();
    expect(conclusion(number)).toBe("success");
  });

  it("a member who leaves the team, until somebody is back in it", async () => {
    const number = await openApproved(story, "support_membership");
    const member = { org: "acme", team: "ai-platform", login: people.platform };
    story.world.github.removeTeamMember(member);
    await story.actors.settle();
    expect(conclusion(number)).not.toBe("success");
    story.world.github.addTeamMember(member);
    await story.actors.settle();
    expect(conclusion(number)).toBe("success");
  });
});

describe("what a review is given for", () => {
  it("is not what the base became in the moment in which it was given", async () => {
    const flagKey = "support_moment";
    const route = { flagKey, status: canary };
    const path = pathOfRoute(flagKey);
    const { github } = story.world;
    story.actors.push(people.governance, "main", "By hand", makeRoute(route));
    const warmer = makeRoute({ ...route, temperature: 0.5 });
    github.createBranch({ repo, branch: flagKey });
    story.actors.push(people.author, flagKey, "Warmer", warmer);
    const number = story.actors.openPull(people.author, flagKey, "Warmer");
    await story.actors.settle();
    github.holdDeliveries();
    story.actors.approve(people.platform, number);
    story.actors.push(people.governance, "main", "Fewer samples", {
      [path]: (makeRoute(route)[path] ?? "").replace("minSamples: 200", "minSamples: 20"),
    });
    github.releaseDeliveries();
    await story.actors.settle();
    expect(textOf(number)).toContain(`review of \`${people.platform}\` does not count: ended`);
    await approveAs(people.platform, number);
    expect(textOf(number)).toMatch(/✅ ai-platform-owner: approved by /);
  });
});

describe("what keeps an approval", () => {
  it.each([
    ["an unrelated push", "support_unrelated"],
    ["a merge of the default branch", "support_merged_base"],
    ["a rebase", "support_rebased"],
  ])("%s", async (what, flagKey) => {
    const { github } = story.world;
    const number = await openApproved(story, flagKey);
    const old = story.check(number).headSha;
    const push = { repo, branch: flagKey, author: people.author, message: what };
    if (what === "an unrelated push") github.pushFiles({ ...push, files: { "docs/readme.md": "words\n" } });
    else {
      const moved = { "docs/elsewhere.md": `${what}\n` };
      github.pushFiles({ repo, branch: "main", author: people.governance, message: "Elsewhere", files: moved });
      const main = github.resolveRef({ repo, ref: "main" }) ?? "";
      if (what === "a rebase") {
        github.pushFiles({ ...push, parent: main, files: makeRoute({ flagKey, status: canary }) });
      } else github.pushFiles({ ...push, mergeOf: [main], files: moved });
    }
    await story.actors.settle();
    expect(story.check(number).headSha).not.toBe(old);
    expect(conclusion(number)).toBe("success");
    expect(textOf(number)).not.toContain("does not count");
  });
});

it("nothing was broken on the way", async () => {
  expect(await story.findTrouble()).toEqual([]);
});
