import { describe, expect, it } from "vitest";
import { assess } from "../assess.ts";
import { decide } from "../decide.ts";
import type { ChangedPath, FileFacts } from "../facts.ts";
import { edit, envoyText, kongText, litellmText, portkeyText } from "../gateways/test-gateways.ts";
import { renderCheck } from "../report/render-check.ts";
import { renderTerminal } from "../report/render-terminal.ts";
import { contentDigestsOf } from "./assessment.ts";
import {
  buildApprovals,
  buildApproved,
  buildFacts,
  buildLive,
  buildSnapshot,
  namedTexts,
  routePath,
  writeFiles,
  writeRecord,
} from "./test-builders.ts";
import type { Verdict } from "./verdict.ts";

const path = "model-routes/litellm/config.yaml";
const changed = edit(
  litellmText,
  ["openai/gpt-4o-2024-08-06", "anthropic/claude-opus-4-1-20250805"],
  ["timeout: 30", "timeout: 5"],
);

/** Facts about a pull request that changes files; null: the file is not there on that side. */
function buildGatewayFacts(
  texts: Readonly<Record<string, readonly [before: string | null, after: string | null]>>,
  more: Partial<FileFacts> & { renamed?: readonly [from: string, to: string] } = {},
): FileFacts {
  const { renamed, ...rest } = more;
  const side = (index: 0 | 1): Record<string, string> =>
    Object.fromEntries(
      Object.entries(texts).flatMap(([name, pair]) => (pair[index] === null ? [] : [[name, pair[index]]])),
    );
  const status = ([before, after]: readonly [string | null, string | null]): ChangedPath["status"] =>
    before === null ? "added" : after === null ? "removed" : "modified";
  const files: readonly ChangedPath[] =
    renamed === undefined
      ? Object.entries(texts).map(([name, pair]) => ({ path: name, previousPath: null, status: status(pair) }))
      : [{ path: renamed[1], previousPath: renamed[0], status: "renamed" }];
  return buildFacts({
    base: buildSnapshot({ ...namedTexts, ...side(0) }),
    head: buildSnapshot({ ...namedTexts, ...side(1) }),
    changes: { complete: true, files },
    ...rest,
  });
}

function judge(facts: FileFacts, approvedBy: readonly string[] = []): Verdict {
  const assessment = assess(facts);
  return decide(assessment, buildApprovals(assessment, approvedBy));
}

const everybody = ["product", "platform", "finance", "operations", "security", "release"];

describe("a pull request that changes a gateway's file", () => {
  const facts = buildGatewayFacts({ [path]: [litellmText, changed] });

  it("asks the owners of the roles that the change concerns", () => {
    const verdict = judge(facts);
    expect(verdict.state).toBe("waiting");
    expect(verdict.tier).toBe("high");
    expect(verdict.routes).toEqual([]);
    expect(verdict.problems).toEqual([]);
    expect(verdict.request.teams.toSorted()).toEqual(["finance", "operations", "platform", "product"]);
    expect(verdict.title).toBe(
      "High risk: waiting for product-owner, ai-platform-owner, finance-owner, operations-owner (0 of 4 roles approved)",
    );
  });

  it("is approved by them, and says that no flag moves", () => {
    const verdict = judge(facts, everybody);
    expect(verdict.state).toBe("approved");
    expect(verdict.next).toEqual(["Merge it: no flag moves by it, the gateway serves the file when it loads it."]);
    expect(renderCheck(verdict, { headSha: "h" }).actions.map(({ identifier }) => identifier)).toEqual(["recheck"]);
  });

  it("keeps approvals when only comments move, and loses them when the meaning does", () => {
    const digestOf = (text: string): string | undefined =>
      contentDigestsOf(assess(buildGatewayFacts({ [path]: [litellmText, text] })))[path];
    expect(digestOf(`# a comment\n${changed}`)).toBe(digestOf(changed));
    expect(digestOf(edit(changed, ["timeout: 5", "timeout: 6"]))).not.toBe(digestOf(changed));
  });

  it("puts annotations on the lines of the file", () => {
    const { annotations } = renderCheck(judge(facts), { headSha: "h" });
    expect(annotations.map(({ title, startLine }) => `${title} ${startLine}`)).toContain("high: provider-switched 5");
  });

  it("shows the card", () => {
    const card = renderTerminal(judge(facts, ["product"]), { colour: false });
    expect(card.replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:…")).toMatchInlineSnapshot(`
      "High risk: waiting for ai-platform-owner, finance-owner, operations-owner (1 of 4 roles approved)

      Next
        - ai-platform-owner: needs an approval of @acme/platform
        - finance-owner: needs an approval of @acme/finance
        - operations-owner: needs an approval of @acme/operations

      Gateway file: high
          LiteLLM proxy configuration, model-routes/litellm/config.yaml
        · no stages, no evidence and no flag: only route files move flags. The gateway serves it when it loads the file

      Gateway route
          support-answer changes
                   before                    after
        ▸ model    openai/gpt-4o-2024-08-06  anthropic/claude-opus-4-1-20250805
        ▸ timeout  30000 ms                  5000 ms
        fallback   support-backup            support-backup
        tier    rule                  what was found                                                line
        high    cost-profile-changed  route support-answer: cost from openai/gpt-4o-2024-08-06 to anthropic/claude-opus-4-1-20250805 changes by a factor of 7.50 (list price, @pydantic/genai-prices 0.1.8, 2026-09-23)  model-routes/litellm/config.yaml:5
        high    model-family-changed  route support-answer: model family changed from gpt-4o to claude-opus  model-routes/litellm/config.yaml:5
        high    provider-switched     route support-answer: provider switched from openai to anthropic  model-routes/litellm/config.yaml:5
        medium  timeout-changed       route support-answer: timeout changed from 30000 ms to 5000 ms  model-routes/litellm/config.yaml:8

      Required reviewers of the gateway file
        ✓ product-owner: approved by @product – for: the candidate improves the workflow that matters; because of high risk, model-family-changed; from CODEOWNERS line 3
        … ai-platform-owner: needs an approval of @acme/platform – for: the route is reliable, observable and reversible; because of high risk, provider-switched; from CODEOWNERS line 4
        … finance-owner: needs an approval of @acme/finance – for: the cost per successful outcome is acceptable; because of cost-profile-changed; from CODEOWNERS line 5
        … operations-owner: needs an approval of @acme/operations – for: service targets and incident paths hold; because of timeout-changed; from CODEOWNERS line 6
          reviews are bound to sha256:…
      "
    `);
  });

  it("needs one owner for words alone", () => {
    const verdict = judge(buildGatewayFacts({ [path]: [litellmText, `# why\n${litellmText}`] }), ["product"]);
    expect([verdict.tier, verdict.state]).toEqual(["low", "approved"]);
  });

  it.each([
    ["envoy", envoyText],
    ["kong", kongText],
    ["portkey", portkeyText],
  ])("reads a new file of %s as new routes", (_kind, text) => {
    const verdict = judge(buildGatewayFacts({ [path]: [null, text] }));
    expect(verdict.gateways.map(({ kind }) => kind)).toEqual([_kind]);
    expect(verdict.state).toBe("waiting");
  });
});

describe("nobody gets past it", () => {
  it.each<[string, Parameters<typeof buildGatewayFacts>[0], string]>([
    [
      "a wildcard",
      { [path]: [litellmText, edit(litellmText, ["model_name: support-backup", 'model_name: "*"'])] },
      "invalid",
    ],
    [
      "a literal secret",
      { [path]: [litellmText, edit(litellmText, ["os.environ/OPENAI_API_KEY", "sk-abc0123456789abcdef"])] },
      "invalid",
    ],
    [
      "a route of more targets than anybody reviews",
      {
        [path]: [
          litellmText,
          `model_list:\n${Array.from({ length: 201 }, (_, index) => `- {model_name: a, litellm_params: {model: openai/m${index}}}\n`).join("")}`,
        ],
      },
      "invalid",
    ],
    ["a file that became unreadable", { [path]: [litellmText, "model_list: ["] }, "invalid"],
    ["a file that became something else", { [path]: [litellmText, "models: []\n"] }, "invalid"],
    ["a file that nobody recognises", { [path]: [null, "models: []\n"] }, "invalid"],
    ["two formats in one file", { [path]: [null, `model_change: {}\n${litellmText}`] }, "invalid"],
  ])("%s is never approved", (_name, texts, state) => {
    const verdict = judge(buildGatewayFacts(texts), everybody);
    expect(verdict.state).toBe(state);
  });

  it("an unknown file is told what would have been recognised", () => {
    const [problem] = judge(buildGatewayFacts({ [path]: [null, "models: []\n"] })).problems;
    expect(problem?.fix).toContain("LiteLLM, Envoy AI Gateway, Kong (decK) and Portkey");
  });

  it("a deleted file needs the roles of what disappears", () => {
    const verdict = judge(buildGatewayFacts({ [path]: [litellmText, null] }));
    expect(verdict.gateways.map(({ isRemoved, contentDigest }) => [isRemoved, contentDigest !== null])).toEqual([
      [true, true],
    ]);
    expect([verdict.tier, verdict.state]).toEqual(["high", "waiting"]);
  });

  it("a moved file is compared with what it was, and asks the owners of both names", () => {
    const other = "model-routes/other.yaml";
    const facts = buildGatewayFacts(
      { [path]: [litellmText, null], [other]: [null, changed] },
      { renamed: [path, other] },
    );
    const verdict = judge(facts);
    expect(
      verdict.gateways.map((each) => [each.path, each.isRemoved, each.routes.map(({ change }) => change)]),
    ).toEqual([[other, false, ["changed"]]]);
  });

  it("a file moved out of the policy's routes takes its routes away", () => {
    const other = "gateway/config.yaml";
    const facts = buildGatewayFacts(
      { [path]: [litellmText, null], [other]: [null, litellmText] },
      { renamed: [path, other] },
    );
    expect(judge(facts).gateways.map((each) => [each.path, each.isRemoved])).toEqual([[path, true]]);
  });

  it("a live route cannot be replaced by a gateway's file of its name", () => {
    const facts = buildFacts({
      base: buildSnapshot(writeFiles(writeRecord())),
      head: buildSnapshot({ ...writeFiles(writeRecord()), [routePath]: litellmText }),
      changes: { complete: true, files: [{ path: routePath, previousPath: null, status: "modified" }] },
      approved: [buildApproved(writeRecord())],
      live: [buildLive()],
    });
    const verdict = judge(facts, everybody);
    expect(verdict.state).toBe("invalid");
    expect(verdict.routes.map(({ status }) => status)).toEqual(["removed"]);
  });

  it("a gateway's file replaced by a route file takes its routes away in the open", () => {
    const facts = buildFacts({
      base: buildSnapshot({ ...namedTexts, [routePath]: litellmText }),
      changes: { complete: true, files: [{ path: routePath, previousPath: null, status: "modified" }] },
    });
    const verdict = judge(facts);
    expect(verdict.gateways.map(({ isRemoved }) => isRemoved)).toEqual([true]);
    expect(verdict.tier).toBe("high");
  });

  it("an approval of the file as it was does not count for what it is", () => {
    const before = buildApprovals(assess(buildGatewayFacts({ [path]: [litellmText, litellmText] })), everybody);
    expect(decide(assess(buildGatewayFacts({ [path]: [litellmText, changed] })), before).state).toBe("waiting");
  });

  it("a file that no policy names concerns nobody", () => {
    expect(judge(buildGatewayFacts({ "deploy/litellm.yaml": [litellmText, changed] })).state).toBe("not-applicable");
  });

  it("a symbolic link is no file", () => {
    const facts = buildGatewayFacts({ [path]: [null, litellmText] });
    const entries = facts.head.entries.map((entry) =>
      entry.path === path ? { ...entry, mode: "symlink" as const } : entry,
    );
    const contents = { ...facts.head.contents, [path]: { kind: "symlink" as const } };
    expect(judge({ ...facts, head: { ...facts.head, entries, contents } }, everybody).state).toBe("invalid");
  });

  it("names and values of a file cannot write into the card", () => {
    const hostile = edit(
      litellmText,
      ["model_name: support-answer", 'model_name: "@acme/all <img src=x> | [a](http://b)"'],
      ["[support-backup]", '["<script>"]'],
    );
    const { text } = renderCheck(judge(buildGatewayFacts({ [path]: [litellmText, hostile] })), {
      headSha: "h",
    });
    expect(text.replaceAll(/`[^`\n]*`/g, "")).not.toMatch(/(?<!&#8203;)@acme\/all|<img|<script|\[a\]\(http/);
  });
});

describe("several files of gateways", () => {
  const [first, second, third] = [
    "model-routes/a/litellm.yaml",
    "model-routes/b/kong.yaml",
    "model-routes/c/envoy.yaml",
  ];
  it("are judged each for itself, by path, whatever order they come in", () => {
    const texts = { [third]: [envoyText, null], [first]: [null, litellmText], [second]: [kongText, null] } as const;
    const verdict = judge(buildGatewayFacts(texts));
    expect(verdict.gateways.map((each) => [each.path, each.kind, each.isRemoved])).toEqual([
      [first, "litellm", false],
      [second, "kong", true],
      [third, "envoy", true],
    ]);
  });

  it("that are moved in a ring are compared under their own names", () => {
    const facts = buildGatewayFacts({ [first]: [litellmText, litellmText] }, { renamed: [second, first] });
    expect(judge(facts).gateways.map((each) => [each.path, each.isRemoved, each.routes.length])).toEqual([
      [first, false, 0],
    ]);
  });
});

describe("who is asked about a gateway's file", () => {
  const other = "model-routes/moved/config.yaml";
  const owners = {
    kind: "text" as const,
    path: ".github/CODEOWNERS",
    text: `/model-routes/litellm/ @acme/product\n/model-routes/moved/ @acme/platform\n`,
  };
  const asked = (facts: FileFacts): readonly (readonly string[])[] =>
    judge(facts).gateways.map(({ requirements }) => requirements.flatMap(({ requirement }) => requirement.owners));
  it.each<[string, FileFacts, readonly string[]]>([
    [
      "its owner",
      buildGatewayFacts({ [path]: [litellmText, `# why\n${litellmText}`] }, { codeowners: owners }),
      ["@acme/product"],
    ],
    [
      "the owners of its old and its new name",
      buildGatewayFacts(
        { [path]: [litellmText, null], [other]: [null, litellmText] },
        { renamed: [path, other], codeowners: owners },
      ),
      ["@acme/platform", "@acme/product"],
    ],
  ])("%s", (_name, facts, expected) => {
    expect(asked(facts).map((each) => [...new Set(each)].sort())).toEqual([expected]);
  });
});

describe("an approval of a gateway's file is bound to", () => {
  const contentOf = (facts: FileFacts): Readonly<Record<string, string>> => contentDigestsOf(assess(facts));
  const removed = buildGatewayFacts({ [path]: [litellmText, null] });
  it("the file after the change, whatever it was before", () => {
    const [one, other] = [litellmText, changed].map((before) =>
      contentOf(buildGatewayFacts({ [path]: [before, `${changed}\n# more\n`] })),
    );
    expect(Object.keys(one ?? {})).toEqual([path]);
    const digests = [one, other].map((each) => each?.[path]);
    expect(digests[0]).toMatch(/^sha256:/);
    expect(contentOf(buildGatewayFacts({ [path]: [litellmText, litellmText] }))[path]).not.toBe(digests[0]);
  });

  it("what disappears, where the file goes away", () => {
    const [one, other] = [removed, buildGatewayFacts({ [path]: [changed, null] })].map(contentOf);
    expect(Object.keys(one ?? {})).toEqual([`${path}#gateway-removed`]);
    expect(one).not.toEqual(other);
  });

  it("nothing while the file has an error of its own; a warning is only shown", () => {
    const wild = edit(litellmText, ["model_name: support-backup", 'model_name: "*"']);
    expect(contentOf(buildGatewayFacts({ [path]: [litellmText, wild] }))).toEqual({});
    const kept = buildGatewayFacts({ [path]: [wild, `# why\n${wild}`] });
    expect(judge(kept).gateways[0]?.problems.map(({ severity }) => severity)).toContain("warning");
    expect(Object.keys(contentOf(kept))).toEqual([path]);
  });
});

it.each<["file" | "executable" | "submodule" | "symlink", number]>([
  ["file", 1],
  ["executable", 1],
  ["submodule", 0],
  ["symlink", 0],
])("a gateway's text under a path of mode %s is read %d times", (mode, times) => {
  const facts = buildGatewayFacts({ [path]: [null, litellmText] });
  const entries = facts.head.entries.map((entry) => (entry.path === path ? { ...entry, mode } : entry));
  expect(judge({ ...facts, head: { ...facts.head, entries } }).gateways).toHaveLength(times);
});
