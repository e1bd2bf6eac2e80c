import type { JobQueue } from "../../ports/queue.ts";
import type { World } from "./build-world.ts";

const checkName = "routeward/approval";

/** What the story does in the world, as the people in it would. */
export interface Actors {
  /** Waits until every webhook was answered and no work is left. */
  settle(): Promise<void>;
  /** Adds a commit on a branch of the repository. */
  push(by: string, branch: string, message: string, files: Record<string, string | null>): string;
  openPull(by: string, branch: string, title: string): number;
  /** The newest check run of ours on the pull request's head. */
  check(number: number): { title: string; conclusion: string | null; summary: string; text: string };
  approve(by: string, number: number, body?: string): void;
  comment(by: string, number: number, body: string): void;
  /** Merges as this person; answers what GitHub says when it refuses. */
  tryMerge(by: string, number: number): { merged: true; sha: string } | { merged: false; why: string };
  /** Comments of the app's bot on the pull request, oldest first. */
  answers(number: number): readonly string[];
  asked(number: number): readonly string[];
}

const settleMs = 30_000;

/** Hands to move the world with, over the simulator's control methods. */
export function createActors(world: World, bot: { queue: Pick<JobQueue, "waitUntilIdle"> }): Actors {
  const { github, repo } = world;
  const settle = async (): Promise<void> => {
    // Work makes webhooks and webhooks make work: quiet is when neither has anything after the other was asked.
    for (let round = 0; round < 3; round += 1) {
      await github.waitForDeliveries(settleMs);
      await bot.queue.waitUntilIdle(settleMs);
    }
  };
  return {
    settle,
    push: (by, branch, message, files) => github.pushFiles({ repo, branch, author: by, message, files }),
    openPull: (by, branch, title) => github.openPull({ repo, head: branch, author: by, title }).number,
    check: (number) => {
      const { headSha } = github.pull({ repo, number });
      const runs = github.checkRuns({ repo, sha: headSha, name: checkName });
      const newest = runs.at(-1);
      if (newest === undefined) throw new Error(`pull request #${number} has no check run`);
      const { title, conclusion, summary, text } = newest;
      return { title: title ?? "", conclusion, summary: summary ?? "", text: text ?? "" };
    },
    approve: (by, number, body = "") => {
      github.review({ repo, number, by, event: "APPROVE", body });
    },
    comment: (by, number, body) => {
      github.comment({ repo, number, by, body });
    },
    tryMerge: (by, number) => {
      try {
        return { merged: true, sha: github.mergePull({ repo, number, by, method: "squash" }) };
      } catch (error) {
        return { merged: false, why: error instanceof Error ? error.message : "refused" };
      }
    },
    answers: (number) =>
      github
        .comments({ repo, number })
        .filter(({ author }) => author === "routeward[bot]")
        .map(({ body }) => body),
    asked: (number) => {
      const { requestedReviewers, requestedTeams } = github.pull({ repo, number });
      return [
        ...requestedReviewers.map((login) => `@${login}`),
        ...requestedTeams.map((slug) => `@acme/${slug}`),
      ].sort();
    },
  };
}
