import { readdirSync, readFileSync } from "node:fs";
import { zipSync, strToU8 } from "fflate";
import { parseNoreplyAddress, parseCoAuthors } from "../../src/adapters/github/parse-co-authors.ts";
import { readArtifactText } from "../../src/adapters/github/read-artifact-text.ts";
import { createTestSigner } from "../../src/adapters/github/test-signer.ts";
import { githubActionsIssuer, verifyAttestation } from "../../src/adapters/github/verify-attestation.ts";
import { auditPage, flagAnswer, segmentAnswer, segmentPage } from "../../src/adapters/featbit/parse-answers.ts";
import { parsePrometheusAnswer } from "../../src/adapters/metrics/parse-prometheus-answer.ts";
import { ConfigurationError } from "../../src/apps/config/read-environment.ts";
import { parseOperatorConfig } from "../../src/apps/config/read-operator-config.ts";
import { parseTrustRoots } from "../../src/apps/config/read-trust-roots.ts";
import { parseReviewRoles } from "../../src/core/approvals/parse-review-roles.ts";
import { assess } from "../../src/core/assess.ts";
import { verifyAuditExport } from "../../src/core/audit/verify-audit-export.ts";
import { parseEvidenceThreshold, parseMargin, parseThreshold } from "../../src/core/bound.ts";
import { parseCommand } from "../../src/core/commands/parse-command.ts";
import { decide } from "../../src/core/decide.ts";
import { readEvidence } from "../../src/core/evidence/read-evidence.ts";
import { readToolOutput } from "../../src/core/evidence/read-tool-output.ts";
import type { ToolFormat } from "../../src/core/evidence/record-schema.ts";
import { readGateway, recogniseGateway } from "../../src/core/gateways/recognise-gateway.ts";
import { parseGatewayDuration } from "../../src/core/gateways/parse-gateway-duration.ts";
import { envoyText, kongText, litellmText, portkeyText } from "../../src/core/gateways/test-gateways.ts";
import type { JsonValue } from "../../src/core/json.ts";
import { checkGlob, matchGlob } from "../../src/core/policy/match-glob.ts";
import { parsePolicy } from "../../src/core/policy/parse-policy.ts";
import { renderCheck } from "../../src/core/report/render-check.ts";
import { matchOwners } from "../../src/core/reviewers/match-owners.ts";
import { parseCodeowners } from "../../src/core/reviewers/parse-codeowners.ts";
import { identifyContent, parseServed } from "../../src/core/rollout/served-value.ts";
import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { resolveRoute } from "../../src/core/routes/resolve-route.ts";
import { isFrozen } from "../../src/core/time/is-frozen.ts";
import { parseCron } from "../../src/core/time/parse-cron.ts";
import { parseDuration } from "../../src/core/time/parse-duration.ts";
import { buildFacts, buildPeople, buildSnapshot } from "../../src/core/verdict/test-builders.ts";
import { parseYaml, parseYamlDocuments } from "../../src/core/yaml/parse-yaml.ts";
import { planTasks } from "../../src/flows/plan-tasks.ts";
import { mutateText, mutateValue } from "./mutate.ts";
import type { FuzzTarget } from "./run-fuzz.ts";

function readText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

const evidence = (name: string): string => readText(`test/fixtures/evidence/${name}`);
const listEvidence = (folder: string): string[] =>
  readdirSync(new URL(`../fixtures/evidence/${folder}`, import.meta.url)).map((name) => evidence(`${folder}/${name}`));

const routes = [readText("docs/examples/support-answer.yaml"), readText("docs/examples/support-answer-full.yaml")];
const policies = [readText("docs/examples/routeward.yml")];
const owners = [readText("docs/examples/CODEOWNERS")];
const operatorFiles = [readText("docs/examples/routeward.config.yaml")];
const records = listEvidence("native");
/** What a sample says, so that single values can be replaced and the text still be YAML. */
function valuesOf(texts: readonly string[]): JsonValue[] {
  return texts.map((text) => {
    const parsed = parseYaml("sample.yaml", text);
    if (!parsed.ok) throw new Error("a sample cannot be read");
    return parsed.value.value;
  });
}
const routeValues = valuesOf(routes);
const policyValues = valuesOf(policies);
const recordValues = valuesOf(records);
const gateways = [litellmText, envoyText, kongText, portkeyText];

/** A target that reads mutated text. */
function readsText(name: string, samples: readonly string[], read: (text: string) => unknown): FuzzTarget {
  return {
    name,
    read(random) {
      const input = mutateText(samples, random);
      return { input, act: () => void read(input) };
    },
  };
}

/** A target that reads a mutated JSON value. */
function readsValue(name: string, samples: readonly JsonValue[], read: (value: JsonValue) => unknown): FuzzTarget {
  return {
    name,
    read(random) {
      const input = mutateValue(samples, random);
      return { input, act: () => void read(input) };
    },
  };
}

const outputs: readonly (readonly [ToolFormat, readonly string[]])[] = [
  ["promptfoo", [evidence("promptfoo/results.json"), evidence("promptfoo/results-with-tags.json")]],
  ["openai-eval", listEvidence("openai-evals")],
  ["inspect", [evidence("inspect/small-popularity.json"), evidence("inspect/popularity.json")]],
  ["junit", [evidence("junit/promptfoo.junit.xml"), evidence("promptfoo/results.junit.xml")]],
  ["sagemaker", listEvidence("sagemaker")],
  ["in-toto", listEvidence("in-toto")],
];

const selections = [
  { provider: null, scorer: null, dataset: null },
  { provider: "echo", scorer: "accuracy", dataset: "golden" },
] as const;

function parseJson(text: string): JsonValue {
  return JSON.parse(text) as JsonValue;
}

const account = { id: 3, login: "ann", type: "User" };
const repository = { id: 9, name: "app", full_name: "acme/app", default_branch: "main", owner: { login: "acme" } };
const common = { action: "opened", repository, sender: account, organization: { login: "acme" } };
const payloads: Readonly<Record<string, JsonValue>> = {
  pull_request: { ...common, before: "a", changes: { base: {} }, pull_request: { number: 7, head: { sha: "b" } } },
  pull_request_review: { ...common, action: "submitted", pull_request: { number: 7, head: { sha: "b" } }, review: {} },
  issue_comment: {
    ...common,
    action: "created",
    issue: { number: 7, pull_request: {} },
    comment: { id: 5, body: "/routeward rollback now", user: account },
  },
  check_run: {
    ...common,
    action: "requested_action",
    check_run: { id: 1, head_sha: "b", name: "routeward/approval", app: { id: 4 } },
    requested_action: { identifier: "rollback" },
  },
  check_suite: { ...common, action: "rerequested", check_suite: { head_sha: "b", app: { id: 4 } } },
  push: { ...common, ref: "refs/heads/main", before: "a", after: "b", deleted: false },
  merge_group: {
    ...common,
    action: "checks_requested",
    merge_group: { head_sha: "b", head_ref: "refs/heads/gh-readonly-queue/main/pr-1-a", base_ref: "refs/heads/main" },
  },
  team: common,
  membership: common,
};

const flag: JsonValue = {
  id: "f",
  key: "support_answer",
  revision: "r",
  variationType: "json",
  isEnabled: true,
  isArchived: false,
  disabledVariationId: "b",
  variations: [{ id: "b", name: "baseline", value: "{}" }],
  targetUsers: [{ variationId: "b", keyIds: ["u"] }],
  rules: [
    {
      id: "r",
      name: "x",
      dispatchKey: "keyId",
      conditions: [{ id: "c", property: "p", op: "IsOneOf", value: '["a"]' }],
      variations: [{ id: "b", rollout: [0, 1], exptRollout: 1 }],
    },
  ],
  fallthrough: { dispatchKey: null, variations: [{ id: "b", rollout: [0, 1] }] },
  tags: ["t"],
  updatorId: "u",
  updatedAt: "2026-06-15T10:00:00Z",
};
const segment: JsonValue = { id: "s", key: "k", isArchived: false, included: [], excluded: [], rules: [] };
const page: JsonValue = {
  totalCount: 1,
  items: [{ id: "s", key: "k", createdAt: "2026-06-15T10:00:00Z", creatorId: "u", creatorName: "n", instructions: [] }],
};

const prometheusAnswers: JsonValue[] = [
  {
    status: "success",
    data: { resultType: "vector", result: [{ metric: { a: "b" }, value: [1_781_517_600, "1.5"] }] },
  },
  { status: "success", data: { resultType: "scalar", result: [1_781_517_600, "NaN"] } },
  { status: "success", data: { resultType: "vector", result: [] }, warnings: ["w"] },
  { status: "error", errorType: "bad_data", error: "parse error" },
];

const signer = createTestSigner(new Date("2026-06-14T08:00:00Z"));
const signed = signer.attest(
  { subject: [{ name: "b", digest: { sha256: "a".repeat(64) } }], predicateType: "x", predicate: {} },
  {
    address: "https://github.com/acme/app/.github/workflows/eval.yml@refs/heads/main",
    issuer: githubActionsIssuer,
    signerCommit: "b".repeat(40),
    repositoryId: 9,
    runAddress: "https://github.com/acme/app/actions/runs/5/attempts/1",
  },
);
const bundle = parseJson(JSON.stringify(signed));
const root = parseJson(JSON.stringify(signer.root));

const zip = Buffer.from(
  zipSync({ "eval-1.json": strToU8('{"id":"eval-1"}'.repeat(50)), "out/eval-1.xml": strToU8("<a/>") }),
).toString("latin1");

const routePath = "model-routes/support-answer.yaml";
const evidencePath = "model-routes/evidence/offline-eval-run-2026-06-11.yaml";

/** The whole way of a pull request whose files are all mutated: facts, assessment, verdict, check run. */
function judge(texts: { route: string; base: string; policy: string; owners: string; record: string }): void {
  const files = { [routePath]: texts.route, [evidencePath]: texts.record, ".github/routeward.yml": texts.policy };
  const facts = buildFacts({
    head: buildSnapshot(files),
    base: buildSnapshot({ [routePath]: texts.base }),
    changes: {
      complete: true,
      files: Object.keys(files).map((path) => ({ path, previousPath: null, status: "modified" as const })),
    },
    policy: { kind: "text", path: ".github/routeward.yml", text: texts.policy },
    codeowners: { kind: "text", path: ".github/CODEOWNERS", text: texts.owners },
  });
  const verdict = decide(assess(facts), buildPeople());
  const report = renderCheck(verdict, { headSha: "a".repeat(40) });
  if (Buffer.byteLength(report.summary) > 65_535 || Buffer.byteLength(report.text) > 65_535) {
    throw new Error("the card is longer than GitHub takes");
  }
}

/** Every reader of something that an author, a service or an operator wrote. */
export const fuzzTargets: readonly FuzzTarget[] = [
  readsText("YAML", [...routes, ...policies, ...records], (text) => parseYaml("f.yaml", text)),
  readsText("YAML of several documents", gateways, (text) => parseYamlDocuments("f.yaml", text)),
  readsText("route file", routes, (text) => {
    const parsed = parseRouteFile(routePath, { kind: "text", text });
    if (parsed.ok) resolveRoute(parsed.value, buildSnapshot({ [routePath]: text }));
  }),
  readsValue("route file, odd values", routeValues, (value) => {
    const text = JSON.stringify(value);
    const parsed = parseRouteFile(routePath, { kind: "text", text });
    if (parsed.ok) resolveRoute(parsed.value, buildSnapshot({ [routePath]: text }));
  }),
  readsValue("policy, odd values", policyValues, (value) => {
    const source = { kind: "text" as const, path: ".github/routeward.yml", text: JSON.stringify(value) };
    parsePolicy({ ...source, text: policies[0] ?? "" }, source);
    parsePolicy(source, { ...source, text: policies[0] ?? "" });
  }),
  readsText("policy", policies, (text) => {
    const source = { kind: "text" as const, path: ".github/routeward.yml", text };
    parsePolicy(source, { kind: "absent" });
    parsePolicy({ ...source, text: policies[0] ?? "" }, source);
  }),
  readsText("CODEOWNERS", owners, (text) => {
    const parsed = parseCodeowners({ kind: "text", path: "CODEOWNERS", text });
    for (const path of [routePath, `/.github/roles/security-owner/${routePath}`, ""]) matchOwners(parsed, path);
  }),
  readsText("evidence record", records, (text) => {
    const content = { kind: "text" as const, text };
    const files = [
      { path: "e/regression-2026-06-12.yaml", content },
      { path: "e/regression-2026-06-12.promptfoo.json", content },
    ];
    readEvidence("regression-2026-06-12", files, { folder: "e", place: { path: "r", line: 1, column: 1 } });
  }),
  ...outputs.map(([format, samples]) =>
    readsText(`evidence of ${format}`, samples, (text) => {
      for (const selection of selections) readToolOutput(format, text, selection);
    }),
  ),
  ...outputs
    .filter(([format]) => format !== "junit")
    .map(([format, samples]) =>
      readsValue(`evidence of ${format}, odd values`, samples.map(parseJson), (value) => {
        for (const selection of selections) readToolOutput(format, JSON.stringify(value), selection);
      }),
    ),
  readsText("gateway file", gateways, (text) => {
    const recognised = recogniseGateway("model-routes/gateway.yaml", text);
    if (recognised !== null) readGateway(recognised);
  }),
  readsText("bounds", ["<= 1800", ">= 0.85", "<= baseline + 10%", "<= baseline - 2pp", "95%"], (text) => {
    parseThreshold(text);
    parseMargin(text);
    parseEvidenceThreshold(text);
  }),
  readsText("durations", ["90m", "48h", "7d", "1.5h", "1h30m", "250ms"], (text) => {
    parseDuration(text);
    parseGatewayDuration(text);
  }),
  readsText("cron and freeze windows", ["0 16 * * 5", "*/15 0-6 1,15 jan-mar mon-fri", "@daily"], (text) => {
    parseCron(text);
    const window = { name: "n", cron: text, lastsMs: 3_600_000, timezone: "Europe/Berlin" };
    isFrozen([window, { ...window, cron: "0 16 * * 5", timezone: text }], new Date("2026-03-29T01:30:00Z"));
  }),
  readsText("commands", ["/routeward rollback it is slow", "/routeward promote support_answer\nmore"], parseCommand),
  readsText("roles in reviews", ["Good.\n/routeward as product-owner, finance-owner"], parseReviewRoles),
  readsText("globs", ["model-routes/**/*.{yaml,yml}", "a?c/*"], (text) => {
    checkGlob(text);
    matchGlob(text, routePath);
    matchGlob("model-routes/**/*.{yaml,yml}", text);
  }),
  readsText("co-authors", ["Fix\n\nCo-authored-by: Ann <1+ann@users.noreply.github.com>"], (text) => {
    parseCoAuthors(text);
    parseNoreplyAddress(text);
  }),
  {
    name: "webhook payloads",
    read(random) {
      const events = Object.keys(payloads);
      const event = events[Math.floor(random() * events.length)] ?? "";
      const input = mutateValue([payloads[event] ?? null], random);
      return { input: [event, input], act: () => void planTasks(event, input, "guid", 4) };
    },
  },
  readsText("operator's configuration", operatorFiles, (text) => {
    try {
      parseOperatorConfig("routeward.config.yaml", text, { FEATBIT_ACCESS_TOKEN: "a", FEATBIT_SDK_KEY: "b" });
    } catch (error) {
      // Refusing to start with a list of mistakes is the answer that is wanted.
      if (!(error instanceof ConfigurationError)) throw error;
    }
  }),
  readsValue("FeatBit's answers", [flag, segment, page], (value) => {
    flagAnswer.safeParse(value);
    segmentAnswer.safeParse(value);
    segmentPage.safeParse(value);
    auditPage.safeParse(value);
  }),
  readsText("values that a flag serves", ['{"variation":"baseline","bundle":{},"digest":"x","stage":null}'], (text) => {
    parseServed(text);
    identifyContent(text);
  }),
  readsValue("Prometheus' answers", prometheusAnswers, (value) =>
    parsePrometheusAnswer(value, "2026-06-15T10:00:00Z", 60_000),
  ),
  readsValue("attestations", [bundle], (value) =>
    verifyAttestation(value, { roots: [root], issuer: githubActionsIssuer }),
  ),
  readsText("trust roots", [JSON.stringify(root)], (text) => {
    parseTrustRoots(text);
  }),
  readsText("artifacts", [zip], (text) => readArtifactText(new Uint8Array(Buffer.from(text, "latin1")), "eval-1")),
  readsText("audit export", ['{"seq":1,"at":"2026-06-15T10:00:00Z","hash":"x","previous":null}\n'], (text) =>
    verifyAuditExport(text.split("\n")),
  ),
  {
    name: "the whole verdict of odd values",
    read(random) {
      const [route, base] = [mutateValue(routeValues, random), mutateValue(routeValues, random)];
      const [policy, record] = [mutateValue(policyValues, random), mutateValue(recordValues, random)];
      const input = {
        route: JSON.stringify(route),
        base: JSON.stringify(base),
        policy: random() < 0.8 ? (policies[0] ?? "") : JSON.stringify(policy),
        owners: owners[0] ?? "",
        record: JSON.stringify(record),
      };
      return { input, act: () => judge(input) };
    },
  },
  {
    name: "the whole verdict and its card",
    read(random) {
      const input = {
        route: mutateText(routes, random),
        base: random() < 0.5 ? (routes[0] ?? "") : mutateText(routes, random),
        policy: random() < 0.7 ? (policies[0] ?? "") : mutateText(policies, random),
        owners: random() < 0.7 ? (owners[0] ?? "") : mutateText(owners, random),
        record: mutateText(records, random),
      };
      return { input, act: () => judge(input) };
    },
  },
];
