import type { RepositoryFacts } from "../../core/facts.ts";
import type { GitHubClient } from "./github-client.ts";
import type { AdapterLog } from "./octokit-like.ts";

/** What every operation on one repository needs. */
export interface RepositoryContext {
  client: GitHubClient;
  /** Parameters `owner` and `repo` of every route. */
  place: { owner: string; repo: string };
  appId: number;
  /** Login of the app's bot, `<slug>[bot]`. */
  readBotLogin(): Promise<string>;
  /** Read once. */
  readRepository(): Promise<RepositoryFacts>;
  /**
   * Asks again whether the app sees the repository. For a 404 that would otherwise read as "there is no such thing".
   *
   * @throws GitHubError with kind `forbidden` when it does not.
   */
  checkRepository(): Promise<RepositoryFacts>;
  now: () => Date;
  /** Pauses between attempts. */
  wait: (milliseconds: number) => Promise<void>;
  log: AdapterLog;
}
