import { createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { openApproved, openRoute } from "./open-route.ts";
import { makeRoute } from "./route-texts.ts";
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

const runsOf = (number: number): number => {
  const { headSha } = story.world.github.pull({ repo, number });
  return story.world.github.checkRuns({ repo, sha: headSha }).length;
};

describe("a webhook that nobody can vouch for is refused and not stored", () => {
  const body = JSON.stringify({ action: "opened", number: 1 });
  const sign = (secret: string): string => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  it.each<[string, number, Record<string, string>]>([
    ["without a signature", 401, {}],
    ["with the signature of another secret", 401, { "x-hub-signature-256": sign("development") }],
    ["with a signature that is none", 400, { "x-hub-signature-256": "sha256=nonsense" }],
    ["with the old SHA-1 signature only", 401, { "x-hub-signature": `sha1=${"0".repeat(40)}` }],
  ])("%s: %i", async (_name, status, headers) => {
    const guid = randomUUID();
    const answer = await fetch(`${story.bot.url}/api/github/webhooks`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "x-github-event": "pull_request",
        "x-github-delivery": guid,
        ...headers,
      },
    });
    expect(answer.status).toBe(status);
    expect(await story.bot.store.getDelivery(guid)).toBeUndefined();
  });

  it("a signed one whose body is no JSON: 400", async () => {
    const guid = randomUUID();
    const text = "not json";
    const secret = story.world.env["WEBHOOK_SECRET"] ?? "";
    const answer = await fetch(`${story.bot.url}/api/github/webhooks`, {
      method: "POST",
      body: text,
      headers: {
        "content-type": "application/json",
        "x-github-event": "pull_request",
        "x-github-delivery": guid,
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`,
      },
    });
    expect(answer.status).toBe(400);
    expect(await story.bot.store.getDelivery(guid)).toBeUndefined();
  });
});

describe("deliveries as they really come", () => {
  it("twice: judged once, published once", async () => {
    const number = await openRoute(story, { flagKey: "support_twice", status: canary });
    const before = runsOf(number);
    const { github } = story.world;
    for (const { id } of github.deliveries({ event: "pull_request", action: "opened" })) {
      github.duplicateDelivery({ id });
      github.redeliver({ id });
    }
    await story.actors.settle();
    expect(runsOf(number)).toBe(before);
    expect(story.check(number).conclusion).toBe("action_required");
  });

  it("in the wrong order: the newest state is what is judged", async () => {
    const flagKey = "support_order";
    const { github } = story.world;
    github.holdDeliveries();
    story.actors.push(people.author, flagKey, "First", makeRoute({ flagKey, status: canary, temperature: 0.9 }));
    const number = story.actors.openPull(people.author, flagKey, flagKey);
    story.actors.push(people.author, flagKey, "Second", makeRoute({ flagKey, status: canary }));
    github.review({ repo, number, by: people.platform, event: "APPROVE" });
    github.releaseDeliveries("reversed");
    await story.actors.settle();
    expect(story.check(number).title).toContain("waiting for product-owner (1 of 2 roles approved)");
    expect(story.check(number).text).not.toContain("`0.9`");
  });

  it("never: the sweep finds the open pull request, and the review that was missed", async () => {
    const flagKey = "support_silent";
    const { github } = story.world;
    github.holdDeliveries();
    story.actors.push(people.author, flagKey, "Silent", makeRoute({ flagKey, status: canary }));
    const number = story.actors.openPull(people.author, flagKey, flagKey);
    github.review({ repo, number, by: people.platform, event: "APPROVE" });
    github.loseHeldDeliveries();
    github.releaseDeliveries();
    await story.sweep("pulls");
    expect(story.check(number).title).toContain("waiting for product-owner (1 of 2 roles approved)");
  });

  it("a sweep over what is known writes nothing", async () => {
    const number = await openApproved(story, "support_known");
    const { github } = story.world;
    const writes = (): number =>
      github.server.log.filter(
        ({ method, path }) => method !== "GET" && !path.includes("graphql") && !path.includes("access_tokens"),
      ).length;
    const before = writes();
    await story.sweep("pulls");
    await story.sweep("flags");
    expect(writes()).toBe(before);
    expect(story.check(number).conclusion).toBe("success");
  });
});

describe("GitHub in bad weather", () => {
  it.each([
    ["502 for the check run", { kind: "status", response: { status: 502, body: "<html>Bad Gateway</html>" } }],
    ["an answer that is lost", { kind: "lost-answer" }],
    ["a request that is lost", { kind: "lost-request" }],
  ] as const)("%s: published once in the end", async (what, effect) => {
    const { github } = story.world;
    const flagKey = `support_${what.replaceAll(/\W+/g, "_").toLowerCase()}`;
    const when = ({ method, path }: { method: string; path: string }): boolean =>
      method === "POST" && path.endsWith("/check-runs");
    const end = github.server.addFault({ when, times: 2, effect });
    const number = await openRoute(story, { flagKey, status: canary });
    await expect.poll(() => runsOf(number), { timeout: 20_000 }).toBe(1);
    await story.actors.settle();
    end();
    expect(runsOf(number)).toBe(1);
    expect(story.check(number).conclusion).toBe("action_required");
  });

  it("a secondary rate limit is waited for", async () => {
    const { github } = story.world;
    const end = github.exhaustRateLimit({ kind: "secondary", retryAfterSeconds: 1, times: 2 });
    const number = await openRoute(story, { flagKey: "support_limited", status: canary });
    await expect.poll(() => runsOf(number), { timeout: 20_000 }).toBe(1);
    end();
  });
});

it("nothing was broken on the way", async () => {
  await story.actors.settle();
  expect(await story.findTrouble()).toEqual([]);
});
