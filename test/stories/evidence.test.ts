import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestSigner, type SignerIdentity } from "../../src/adapters/github/test-signer.ts";
import { githubActionsIssuer } from "../../src/adapters/github/verify-attestation.ts";
import { people, readExample } from "../../src/apps/demo/build-world.ts";
import { pullStateKind } from "../../src/flows/pull-state.ts";
import { digestOfRoute, makeRoute, type RouteInput } from "./route-texts.ts";
import { openRoute } from "./open-route.ts";
import { openStoryWorld, policyPath, type StoryWorld } from "./story-world.ts";

const repo = "acme/support-routes";
const workflow = ".github/workflows/model-eval.yml";
const folder = "model-routes/evidence";
const canary = "approved-for-internal-canary";
const signer = createTestSigner(new Date("2026-06-15T08:00:00Z"));
let story: StoryWorld;

beforeAll(async () => {
  story = await openStoryWorld({ trustRoot: signer.root });
});
afterAll(async () => {
  await story?.close();
});

const textOf = (number: number): string => story.check(number).text ?? "";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const evidenceRow = (number: number, id: string): string =>
  textOf(number)
    .split("\n")
    .find((line) => line.startsWith("|") && line.includes(`\`${id}\``)) ?? "";

/** A high-risk route whose evidence is a wrapper of an in-toto output, made by a run of the default branch's workflow. */
function makeProduced(flagKey: string, temperature = 0.3) {
  const input: RouteInput = { flagKey, status: canary, provider: "azure", temperature };
  const id = `eval-${flagKey}`;
  const statement = (configuration: readonly object[]) => ({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "route_bundle", digest: { sha256: digestOfRoute(input).replace("mrb1:sha256:", "") } }],
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    predicate: { result: "PASSED", configuration, passedTests: ["a", "b", "c"] },
  });
  const output = JSON.stringify(statement([]));
  const wrap = (runId: number): string => `id: ${id}
kind: offline-eval
format: in-toto
file: ${id}.intoto.json
dataset: { name: support-golden-2026-06 }
threshold: "95%"
producedAt: 2026-06-15T08:00:00Z
producer: { workflow: ${workflow}, runId: ${runId} }
`;
  const route = makeRoute(input);
  delete route[`${folder}/${id}.yaml`];
  const attest = (runId: number, identity: Partial<SignerIdentity>): void => {
    const listed = [wrap(runId), output].map((text) => ({ name: "file", digest: { sha256: sha256(text) } }));
    const bundle = signer.attest(statement(listed), {
      address: `https://github.com/${repo}/${workflow}@refs/heads/main`,
      issuer: githubActionsIssuer,
      signerCommit: "",
      repositoryId: 0,
      runAddress: `https://github.com/${repo}/actions/runs/${runId}/attempts/1`,
      ...identity,
    });
    const subjectDigest = digestOfRoute(input).replace("mrb1:", "");
    story.world.github.addAttestation({ repo, subjectDigest, bundle });
  };
  return { id, flagKey, route, output, wrap, attest };
}

/** The route on a branch, the run on that commit, then the evidence and the pull request. */
async function openProduced(
  made: ReturnType<typeof makeProduced>,
  options: { artifactOutput?: string; beforeOpening?: (runId: number, headSha: string) => void } = {},
): Promise<number> {
  const { actors, world } = story;
  const headSha = actors.push(people.author, made.flagKey, "Add the route", made.route);
  const { runId } = world.github.addWorkflowRun({
    repo,
    path: workflow,
    headSha,
    headBranch: made.flagKey,
    event: "workflow_dispatch",
    artifacts: [
      {
        name: made.id,
        files: (run) => ({
          [`${made.id}.yaml`]: made.wrap(run),
          [`${made.id}.intoto.json`]: options.artifactOutput ?? made.output,
        }),
      },
    ],
  });
  actors.push(people.author, made.flagKey, "Add its evidence", {
    [`${folder}/${made.id}.yaml`]: made.wrap(runId),
    [`${folder}/${made.id}.intoto.json`]: made.output,
  });
  options.beforeOpening?.(runId, headSha);
  const number = actors.openPull(people.author, made.flagKey, made.flagKey);
  await actors.settle();
  return number;
}

describe("who vouches for evidence of a high-risk route", () => {
  it("the workflow run, when its artifact holds the same wrapper and output", async () => {
    const number = await openProduced(makeProduced("support_wrapped"));
    expect(story.check(number).title).toMatch(/^High risk/);
    expect(evidenceRow(number, "eval-support_wrapped")).toMatch(/\| workflow \| counts \|/);
  });

  it("nobody, when the artifact's own output says something else than the committed one", async () => {
    const made = makeProduced("support_swapped");
    const failed = made.output.replace('"passedTests":["a","b","c"]', '"passedTests":["a"],"failedTests":["b","c"]');
    const number = await openProduced(made, { artifactOutput: failed });
    expect(evidenceRow(number, made.id)).toMatch(/\| declared \| does not count \|/);
    expect(evidenceRow(number, made.id)).toContain("says something else");
  });

  it("an attestation that the workflow of the default branch signed", async () => {
    const made = makeProduced("support_attested");
    const main = story.actors.push(people.governance, "main", "Say more", { "README.md": "# Routes\n" });
    const [known] = await story.bot.store.listRecords(pullStateKind, "");
    const id = Number(known?.key.split("#")[0]);
    const number = await openProduced(made, {
      beforeOpening: (runId) => made.attest(runId, { signerCommit: main, repositoryId: id }),
    });
    expect(evidenceRow(number, made.id)).toMatch(/\| attested \| counts \|/);
  });

  it("no attestation of another repository: the run is what is left", async () => {
    const made = makeProduced("support_foreign", 0.4);
    const number = await openProduced(made, {
      beforeOpening: (runId, headSha) => made.attest(runId, { signerCommit: headSha, repositoryId: 1 }),
    });
    expect(evidenceRow(number, made.id)).toMatch(/\| workflow \| counts \|/);
    expect(evidenceRow(number, made.id)).toContain("another repository");
  });

  it("no check run of a workflow, which the author could have written", async () => {
    const input: RouteInput = { flagKey: "support_checked", status: canary, provider: "azure" };
    const id = "eval-support_checked";
    const files = {
      ...makeRoute(input),
      [`${folder}/${id}.yaml`]: `id: ${id}
kind: offline-eval
bundle: ${digestOfRoute(input)}
dataset: { name: support-golden-2026-06 }
format: check-run
check: { app: 15368, name: ${workflow} }
`,
    };
    const headSha = story.actors.push(people.author, input.flagKey, "Add the route", files);
    story.world.github.addWorkflowRun({ repo, path: workflow, headSha, headBranch: input.flagKey });
    const number = story.actors.openPull(people.author, input.flagKey, input.flagKey);
    await story.actors.settle();
    expect(evidenceRow(number, id)).toMatch(/\| declared \| does not count \|/);
    expect(evidenceRow(number, id)).toContain("GitHub Actions");
  });
});

describe("an edit of the rules", () => {
  it("shows what it would do to the open pull requests", async () => {
    const number = await openRoute(story, { flagKey: "support_effect", status: canary });
    story.actors.push(people.governance, "stricter", "Ask for more", {
      [policyPath]: `${readExample("routeward.yml")}evidenceThresholds: { offline-eval: "95%" }\n`,
    });
    const edit = story.actors.openPull(people.governance, "stricter", "Ask for more");
    await story.actors.settle();
    const shown = textOf(edit);
    expect(shown).toContain("What this would do to open pull requests");
    expect(shown).toMatch(new RegExp(`\\| #${number} \\| waiting, medium \\| blocked, medium \\|[^\\n]*eval-support`));
    expect(shown).toContain("reviews given under the rules before end with the merge");
  });
});

describe("a pull request that a bot opened", () => {
  it("is held at high risk, because nobody knows who made the bot do it", async () => {
    const made = makeRoute({ flagKey: "support_bot", status: canary, provider: "azure" });
    const { github } = story.world;
    github.createBot({ login: "renovate[bot]" });
    github.pushFiles({
      repo,
      branch: "support_bot",
      author: "renovate[bot]",
      message: "Update the route",
      files: made,
    });
    const { number } = github.openPull({
      repo,
      head: "support_bot",
      author: "renovate[bot]",
      title: "Update the route",
    });
    await story.actors.settle();
    expect(story.check(number).conclusion).toBe("failure");
    expect(story.check(number).summary).toContain("nobody knows who made it do so");
  });
});

it("nothing went wrong on the way", async () => {
  expect(await story.findTrouble()).toEqual([]);
});
