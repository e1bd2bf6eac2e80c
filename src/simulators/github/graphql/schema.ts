/** The part of GitHub's GraphQL schema that is simulated. A test holds every type, field and argument to GitHub's own schema. */
export const schemaText = /* GraphQL */ `
  scalar GitObjectID
  scalar DateTime
  scalar BigInt

  interface Node {
    id: ID!
  }
  interface Actor {
    login: String!
  }
  interface GitObject {
    id: ID!
    oid: GitObjectID!
    abbreviatedOid: String!
  }
  type PageInfo {
    endCursor: String
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
  }
  type RateLimit {
    cost: Int!
    limit: Int!
    nodeCount: Int!
    remaining: Int!
    resetAt: DateTime!
    used: Int!
  }
  type User implements Node & Actor {
    id: ID!
    databaseId: Int
    login: String!
    name: String
  }
  type Bot implements Node & Actor {
    id: ID!
    databaseId: Int
    login: String!
  }
  type Team implements Node {
    id: ID!
    databaseId: Int
    slug: String!
    combinedSlug: String!
    name: String!
  }
  type TeamConnection {
    nodes: [Team]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type App implements Node {
    id: ID!
    databaseId: Int
    slug: String!
    name: String!
  }
  type GitActor {
    name: String
    email: String
    user: User
  }
  type GitActorConnection {
    nodes: [GitActor]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type Blob implements Node & GitObject {
    id: ID!
    oid: GitObjectID!
    abbreviatedOid: String!
    byteSize: Int!
    isBinary: Boolean
    isTruncated: Boolean!
    text: String
  }
  type Tree implements Node & GitObject {
    id: ID!
    oid: GitObjectID!
    abbreviatedOid: String!
    entries: [TreeEntry!]
  }
  type TreeEntry {
    mode: Int!
    type: String!
    oid: GitObjectID!
    size: Int!
    name: String!
    path: String
    object: GitObject
  }
  type Commit implements Node & GitObject {
    id: ID!
    oid: GitObjectID!
    abbreviatedOid: String!
    message: String!
    messageHeadline: String!
    committedDate: DateTime!
    author: GitActor
    committer: GitActor
    tree: Tree!
    authors(after: String, before: String, first: Int, last: Int): GitActorConnection!
    file(path: String!): TreeEntry
    checkSuites(after: String, before: String, first: Int, last: Int): CheckSuiteConnection
  }
  enum CheckStatusState {
    COMPLETED
    IN_PROGRESS
    PENDING
    QUEUED
    REQUESTED
    WAITING
  }
  enum CheckConclusionState {
    ACTION_REQUIRED
    CANCELLED
    FAILURE
    NEUTRAL
    SKIPPED
    STALE
    STARTUP_FAILURE
    SUCCESS
    TIMED_OUT
  }
  type CheckRun implements Node {
    id: ID!
    databaseId: Int
    name: String!
    status: CheckStatusState!
    conclusion: CheckConclusionState
    externalId: String
    isRequired(pullRequestId: ID, pullRequestNumber: Int): Boolean!
  }
  type CheckRunConnection {
    nodes: [CheckRun]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type CheckSuite implements Node {
    id: ID!
    databaseId: Int
    app: App
    checkRuns(after: String, before: String, first: Int, last: Int): CheckRunConnection
  }
  type CheckSuiteConnection {
    nodes: [CheckSuite]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  enum PatchStatus {
    ADDED
    CHANGED
    COPIED
    DELETED
    MODIFIED
    RENAMED
  }
  type PullRequestChangedFile {
    path: String!
    changeType: PatchStatus!
    additions: Int!
    deletions: Int!
  }
  type PullRequestChangedFileConnection {
    nodes: [PullRequestChangedFile]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  enum PullRequestReviewState {
    APPROVED
    CHANGES_REQUESTED
    COMMENTED
    DISMISSED
    PENDING
  }
  type PullRequestReview implements Node {
    id: ID!
    databaseId: Int
    fullDatabaseId: BigInt
    state: PullRequestReviewState!
    submittedAt: DateTime
    authorCanPushToRepository: Boolean!
    author: Actor
    body: String!
    commit: Commit
    onBehalfOf(after: String, before: String, first: Int, last: Int): TeamConnection!
  }
  type PullRequestReviewConnection {
    nodes: [PullRequestReview]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  union RequestedReviewer = Bot | Team | User
  type ReviewRequest implements Node {
    id: ID!
    asCodeOwner: Boolean!
    requestedReviewer: RequestedReviewer
  }
  type ReviewRequestConnection {
    nodes: [ReviewRequest]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type PullRequestCommit implements Node {
    id: ID!
    commit: Commit!
  }
  type PullRequestCommitConnection {
    nodes: [PullRequestCommit]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  enum PullRequestState {
    CLOSED
    MERGED
    OPEN
  }
  enum MergeableState {
    CONFLICTING
    MERGEABLE
    UNKNOWN
  }
  enum PullRequestReviewDecision {
    APPROVED
    CHANGES_REQUESTED
    REVIEW_REQUIRED
  }
  type PullRequest implements Node {
    id: ID!
    fullDatabaseId: BigInt
    number: Int!
    title: String!
    body: String!
    state: PullRequestState!
    isDraft: Boolean!
    merged: Boolean!
    mergedAt: DateTime
    mergedBy: Actor
    mergeable: MergeableState!
    isCrossRepository: Boolean!
    isInMergeQueue: Boolean!
    headRefOid: GitObjectID!
    headRefName: String!
    baseRefOid: GitObjectID!
    baseRefName: String!
    changedFiles: Int!
    reviewDecision: PullRequestReviewDecision
    author: Actor
    headRepository: Repository
    mergeCommit: Commit
    potentialMergeCommit: Commit
    files(after: String, before: String, first: Int, last: Int): PullRequestChangedFileConnection
    latestOpinionatedReviews(
      after: String
      before: String
      first: Int
      last: Int
      writersOnly: Boolean = false
    ): PullRequestReviewConnection
    reviews(after: String, before: String, first: Int, last: Int): PullRequestReviewConnection
    reviewRequests(after: String, before: String, first: Int, last: Int): ReviewRequestConnection
    commits(after: String, before: String, first: Int, last: Int): PullRequestCommitConnection!
  }
  enum MergeQueueEntryState {
    AWAITING_CHECKS
    LOCKED
    MERGEABLE
    QUEUED
    UNMERGEABLE
  }
  type MergeQueueEntry implements Node {
    id: ID!
    position: Int!
    state: MergeQueueEntryState!
    enqueuedAt: DateTime!
    enqueuer: Actor!
    baseCommit: Commit
    headCommit: Commit
    pullRequest: PullRequest
  }
  type MergeQueueEntryConnection {
    nodes: [MergeQueueEntry]
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type MergeQueue implements Node {
    id: ID!
    entries(after: String, before: String, first: Int, last: Int): MergeQueueEntryConnection
  }
  type Ref implements Node {
    id: ID!
    name: String!
    target: GitObject
  }
  type Repository implements Node {
    id: ID!
    databaseId: Int
    name: String!
    nameWithOwner: String!
    isPrivate: Boolean!
    defaultBranchRef: Ref
    ref(qualifiedName: String!): Ref
    object(expression: String, oid: GitObjectID): GitObject
    pullRequest(number: Int!): PullRequest
    mergeQueue(branch: String): MergeQueue
  }
  type Query {
    repository(followRenames: Boolean = true, name: String!, owner: String!): Repository
    rateLimit(dryRun: Boolean = false): RateLimit
    viewer: User!
  }
`;
