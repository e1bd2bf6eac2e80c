/** What GitHub answered, before anybody looked at it. */
export interface OctokitAnswer {
  status: number;
  headers: Readonly<Record<string, unknown>>;
  data: unknown;
}

/** The two methods of an Octokit that the adapter uses. Probot's and `@octokit/rest`'s both fit. */
export interface OctokitLike {
  request(route: string, parameters?: Record<string, unknown>): Promise<OctokitAnswer>;
  graphql(query: string, variables?: Record<string, unknown>): Promise<unknown>;
}

/** Where the adapter writes what an operator may want to know. Fields never carry tokens or bodies. */
export interface AdapterLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
