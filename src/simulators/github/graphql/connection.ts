import { GraphQLError } from "graphql";

export interface ConnectionArguments {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
}

function encodeCursor(index: number): string {
  return Buffer.from(`cursor:${index}`).toString("base64");
}

function decodeCursor(cursor: string | null | undefined): number | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  return Number(Buffer.from(cursor, "base64").toString("latin1").replace("cursor:", ""));
}

/** A page of a list. @throws GraphQLError without `first` or `last`, or beyond 100, as GitHub does. */
export function makeConnection<T>(
  name: string,
  items: readonly T[],
  wanted: ConnectionArguments,
  render: (item: T) => unknown,
): Record<string, unknown> {
  const size = wanted.first ?? wanted.last;
  if (size === null || size === undefined) {
    throw new GraphQLError(
      `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`,
      { extensions: { type: "MISSING_PAGINATION_BOUNDARIES" } },
    );
  }
  if (size < 1 || size > 100) {
    throw new GraphQLError(
      `Requesting ${size} records on the \`${name}\` connection exceeds the limit of 100 records.`,
    );
  }
  const from = (decodeCursor(wanted.after) ?? -1) + 1;
  const to = decodeCursor(wanted.before) ?? items.length;
  const isForward = wanted.first !== null && wanted.first !== undefined;
  const start = isForward ? from : Math.max(from, to - size);
  const end = isForward ? Math.min(to, from + size) : to;
  const page = items.slice(start, end);
  return {
    totalCount: items.length,
    nodes: page.map(render),
    pageInfo: {
      hasNextPage: end < items.length,
      hasPreviousPage: start > 0,
      startCursor: page.length === 0 ? null : encodeCursor(start),
      endCursor: page.length === 0 ? null : encodeCursor(end - 1),
    },
  };
}
