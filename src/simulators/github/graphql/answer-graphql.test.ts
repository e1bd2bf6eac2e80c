import { schema as officialSchema } from "@octokit/graphql-schema";
import {
  buildSchema,
  isEnumType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from "graphql";
import { afterEach, expect, it } from "vitest";
import { startAcme, type AcmeScenario } from "../acme-scenario.ts";
import { schemaText } from "./schema.ts";

let acme: AcmeScenario | undefined;
afterEach(async () => acme?.github.close());

function findDifferences(type: GraphQLNamedType, official: GraphQLSchema): string[] {
  const real = official.getType(type.name);
  if (real === undefined || real.constructor !== type.constructor) return [`${type.name} is not the same kind of type`];
  if (isEnumType(type) && isEnumType(real)) {
    const names = (values: readonly { name: string }[]): string =>
      values
        .map((value) => value.name)
        .toSorted()
        .join(" ");
    return names(type.getValues()) === names(real.getValues()) ? [] : [`${type.name} has other values`];
  }
  if (isUnionType(type) && isUnionType(real)) {
    const known = new Set(real.getTypes().map((member) => member.name));
    return type
      .getTypes()
      .filter((member) => !known.has(member.name))
      .map((member) => `${type.name} has no ${member.name}`);
  }
  if (!(isObjectType(type) || isInterfaceType(type)) || !(isObjectType(real) || isInterfaceType(real))) return [];
  const interfaces = new Set(real.getInterfaces().map((item) => item.name));
  return [
    ...type
      .getInterfaces()
      .filter((item) => !interfaces.has(item.name))
      .map((item) => `${type.name} is no ${item.name}`),
    ...Object.values(type.getFields()).flatMap((field) => {
      const other = real.getFields()[field.name];
      if (other === undefined) return [`${type.name}.${field.name} does not exist`];
      const wrongType =
        String(other.type) === String(field.type) ? [] : [`${type.name}.${field.name} is ${String(other.type)}`];
      const wrongArguments = field.args.filter(
        (argument) =>
          String(other.args.find((candidate) => candidate.name === argument.name)?.type) !== String(argument.type),
      );
      return [
        ...wrongType,
        ...wrongArguments.map((argument) => `${type.name}.${field.name}(${argument.name}) differs`),
      ];
    }),
  ];
}

function readOfficialSchema(): GraphQLSchema {
  // The published schema defines two fields twice, which only the validation minds.
  return buildSchema(officialSchema.idl, { assumeValidSDL: true });
}

it("every simulated GraphQL type, field and argument is in GitHub's own schema with the same type", () => {
  const official = readOfficialSchema();
  const own = Object.values(buildSchema(schemaText).getTypeMap()).filter((type) => !type.name.startsWith("__"));
  expect(own.flatMap((type) => findDifferences(type, official))).toEqual([]);
});

it("a field that GitHub does not have is found", () => {
  const wrong = buildSchema(
    schemaText.replace("isInMergeQueue: Boolean!", "isInMergeQueue: Boolean! isApproved: Int!"),
  );
  const differences = Object.values(wrong.getTypeMap()).flatMap((type) =>
    type.name === "PullRequest" ? findDifferences(type, readOfficialSchema()) : [],
  );
  expect(differences).toEqual(["PullRequest.isApproved does not exist"]);
});

it("the snapshot query of the project's facts is answered in one call", async () => {
  acme = await startAcme();
  const { github, repo } = acme;
  github.pushFiles({
    repo,
    branch: "change",
    author: "ada",
    message: "Change",
    files: { "model-routes/support.yaml": "x: 1\n", link: { mode: "120000", text: "README.md" } },
  });
  const { number, headSha } = github.openPull({ repo, head: "change", title: "Change", author: "ada" });
  github.requestReview({ repo, number, by: "ada", reviewers: ["bob"], teams: ["platform"] });
  github.review({ repo, number, by: "cleo", event: "APPROVE" });
  github.review({ repo, number, by: "cleo", event: "COMMENT", body: "a later comment does not replace it" });
  const octokit = await acme.asApp();
  const answer = await octokit.graphql(
    `query PrSnapshot($owner:String!,$repo:String!,$num:Int!,$base:String!,$none:String!,$head:GitObjectID!,$path:String!,$link:String!){
      rateLimit{cost remaining resetAt nodeCount}
      repository(owner:$owner,name:$repo){
        pullRequest(number:$num){ number state isDraft merged isCrossRepository isInMergeQueue headRefOid baseRefOid changedFiles reviewDecision mergeable
          author{__typename login ...on User{databaseId}} headRepository{nameWithOwner} potentialMergeCommit{oid}
          files(first:100){totalCount pageInfo{hasNextPage} nodes{path changeType}}
          latestOpinionatedReviews(first:100){nodes{state authorCanPushToRepository commit{oid} author{login} onBehalfOf(first:10){nodes{slug}}}}
          reviewRequests(first:100){nodes{asCodeOwner requestedReviewer{__typename ...on User{login} ...on Team{slug combinedSlug}}}}
          commits(last:1){nodes{commit{oid checkSuites(first:20){nodes{app{databaseId} checkRuns(first:20){nodes{name}}}}}}} }
        co:object(expression:$base){...B} none:object(expression:$none){...B}
        at:object(oid:$head){...on Commit{ f0:file(path:$path){mode type oid size object{...B}} f1:file(path:$link){mode type object{...B}} f2:file(path:"nowhere"){oid} }} } }
    fragment B on GitObject{oid ...on Blob{byteSize isBinary isTruncated text}}`,
    {
      owner: "acme",
      repo: "shop",
      num: number,
      base: "refs/heads/main:.github/CODEOWNERS",
      none: "refs/heads/main:docs/CODEOWNERS",
      head: headSha,
      path: "model-routes/support.yaml",
      link: "link",
    },
  );
  expect(answer).toMatchObject({
    repository: {
      pullRequest: {
        headRefOid: headSha,
        state: "OPEN",
        mergeable: "MERGEABLE",
        reviewDecision: null,
        changedFiles: 2,
        author: { __typename: "User", login: "ada" },
        files: {
          totalCount: 2,
          nodes: [
            { path: "link", changeType: "ADDED" },
            { path: "model-routes/support.yaml", changeType: "MODIFIED" },
          ],
        },
        latestOpinionatedReviews: {
          nodes: [
            {
              state: "APPROVED",
              authorCanPushToRepository: true,
              author: { login: "cleo" },
              onBehalfOf: { nodes: [{ slug: "platform" }] },
            },
          ],
        },
        reviewRequests: { nodes: [{ requestedReviewer: { __typename: "User", login: "bob" } }] },
        commits: { nodes: [{ commit: { oid: headSha } }] },
      },
      co: { text: "* @acme/everyone\n", isBinary: false, isTruncated: false },
      none: null,
      at: {
        f0: { mode: 33188, type: "blob", object: { text: "x: 1\n" } },
        f1: { mode: 40960, object: { text: "README.md" } },
        f2: null,
      },
    },
  });
});

it("what may not be seen is an error of its field, with status 200", async () => {
  acme = await startAcme();
  acme.github.createRepository({ owner: "eve", name: "secret", private: true, files: { a: "a" } });
  const octokit = await acme.asApp({ metadata: "read" });
  await expect(octokit.graphql('{repository(owner:"eve",name:"secret"){id}}')).rejects.toMatchObject({
    errors: [{ type: "NOT_FOUND" }],
  });
  await expect(
    octokit.graphql('{repository(owner:"acme",name:"shop"){object(expression:"HEAD"){oid}}}'),
  ).rejects.toMatchObject({
    errors: [{ type: "FORBIDDEN" }],
  });
  await expect(
    acme.as("ada").graphql('{repository(owner:"acme",name:"shop"){pullRequest(number:9){files{totalCount}}}}'),
  ).rejects.toMatchObject({ errors: [{ message: expect.stringContaining("number of 9") as string }] });
});

it("the authors of a commit are its author and its co-authors, each with the account of the address", async () => {
  acme = await startAcme();
  const { github, repo } = acme;
  const sha = github.pushFiles({
    repo,
    branch: "team",
    author: "ada",
    message: "Together",
    files: { a: "1" },
    coAuthors: ["bob", "Stranger <stranger@nowhere.example>", "ada"],
  });
  const app = await acme.asApp();
  const answer = await app.graphql(
    `query($sha:GitObjectID!){repository(owner:"acme",name:"shop"){object(oid:$sha){...on Commit{authors(first:100){nodes{email user{login}}}}}}}`,
    { sha },
  );
  expect(answer).toMatchObject({
    repository: {
      object: {
        authors: {
          nodes: [
            { user: { login: "ada" } },
            { user: { login: "bob" } },
            { email: "stranger@nowhere.example", user: null },
          ],
        },
      },
    },
  });
});
