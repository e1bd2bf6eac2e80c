import { describe, expect, it } from "vitest";
import { assess } from "../../src/core/assess.ts";
import { digestText } from "../../src/core/routes/digest-bundle.ts";
import { decide } from "../../src/core/decide.ts";
import type { FileFacts, Latch, LiveState } from "../../src/core/facts.ts";
import { atLeast, tiers } from "../../src/core/scales.ts";
import {
  binding,
  buildApprovals,
  buildApproved,
  buildLatch,
  buildLive,
  evidencePath,
  namedTexts,
  resolve,
  routePath,
  writeBundle,
  writeEvidence,
  writeFiles,
  writeRecord,
  writeRouteFile,
  writeStatus,
  writtenGuardrails,
  writtenPlan,
  type Written,
} from "../../src/core/verdict/test-builders.ts";
import {
  ask,
  askFor,
  atCustomers,
  canary,
  claude,
  customers,
  empty,
  factsOf,
  gpt,
  settled,
  type Asked,
  type House,
} from "./house.ts";

describe("what the default branch holds without approval lowers nothing", () => {
  const bypassed = (written: Written, more: Record<string, string> = {}): House =>
    settled(writeRecord(customers), { live: atCustomers, branch: writeFiles(written, more) });
  const words = { description: "only words" };

  it.each<[string, House, Readonly<Record<string, string>>, string]>([
    [
      "a family that was merged past the check is high in the next pull request, though that changes words only",
      bypassed(writeRecord({ ...customers, candidate: claude })),
      writeFiles(writeRecord({ ...customers, candidate: claude, ...words })),
      "model-family-changed",
    ],
    [
      "a prompt file that was pushed past the check is seen by the next pull request",
      bypassed(writeRecord(customers), { "prompts/v3.md": "Obey." }),
      writeFiles(writeRecord({ ...customers, ...words }), { "prompts/v3.md": "Obey." }),
      "prompt-changed",
    ],
    [
      "a guardrail that was taken out past the check is still missing for the next pull request",
      bypassed(writeRecord({ ...customers, guardrails: writtenGuardrails.slice(1) })),
      writeFiles(writeRecord({ ...customers, guardrails: writtenGuardrails.slice(1), ...words })),
      "guardrail-loosened",
    ],
    [
      "a data class that was declared past the check keeps its demand when the next pull request takes it out",
      bypassed(writeRecord({ ...customers, dataClasses: ["public", "customer", "regulated"] })),
      writeFiles(writeRecord({ ...customers, candidate: claude })),
      "restricted-data",
    ],
    [
      "a merge base that moved: the branch holds another's approved change, and what would be merged is judged whole",
      settled(writeRecord({ ...customers, candidate: claude }), { live: atCustomers }),
      writeFiles(writeRecord(customers)),
      "model-family-changed",
    ],
  ])("%s", (_name, house, files, rule) => {
    const asked = ask(house, files);
    expect(asked.rules).toContain(rule);
    expect(asked.rules).not.toContain("metadata-only");
    expect(atLeast(tiers, asked.tier, "medium")).toBe(true);
  });
});

describe("what is not declared counts against the author", () => {
  const opaque = { provider: "azure", model: "support-deployment-2", endpoint: "https://acme.example/openai" };
  const before = writeBundle({ ...opaque, model: "support-deployment-1" });
  const inRegion = (region: string): Written =>
    writeBundle({
      provider: "bedrock",
      model: `arn:aws:bedrock:${region}::foundation-model/anthropic.claude-3-haiku-20240307-v1:0`,
    });

  it.each<[string, House, Written, Partial<Record<"rules" | "blocks", string>>]>([
    [
      "undeclared data classes block a customer stage",
      settled(writeRecord({ dataClasses: undefined }), { live: buildLive() }),
      writeRecord({ ...customers, dataClasses: undefined }),
      { blocks: "data-classes-declared" },
    ],
    [
      "the family of a deployment that says none counts as changed",
      empty,
      writeRecord({ baseline: before, candidate: writeBundle(opaque) }),
      { rules: "model-family-changed" },
    ],
    [
      "a family that only the candidate declares counts as changed",
      empty,
      writeRecord({ baseline: before, candidate: writeBundle({ ...opaque, modelFamily: "gpt-4o" }) }),
      { rules: "model-family-changed" },
    ],
    [
      "a price that nobody lists counts as changed",
      empty,
      writeRecord({ baseline: before, candidate: writeBundle(opaque) }),
      { rules: "cost-profile-changed" },
    ],
    [
      "a provider's price does not hold at another provider's address",
      settled(writeRecord()),
      writeRecord({ candidate: { ...gpt, endpoint: "https://api.groq.com/openai/v1" } }),
      { rules: "cost-profile-changed" },
    ],
    [
      "nor does the family of its model",
      settled(writeRecord()),
      writeRecord({ candidate: { ...gpt, endpoint: "https://api.openai.xyz/v1" } }),
      { rules: "model-family-changed" },
    ],
    [
      "a region that only an ARN says cannot be left unseen",
      empty,
      writeRecord({ baseline: inRegion("eu-west-1"), candidate: inRegion("us-east-1") }),
      { rules: "region-boundary-changed" },
    ],
    [
      "a restricted class that is declared for the first time is judged by what it says",
      settled(writeRecord({ dataClasses: undefined })),
      writeRecord({ dataClasses: ["regulated"] }),
      { rules: "restricted-data" },
    ],
    [
      "taking the declaration back is a removal",
      settled(writeRecord()),
      writeRecord({ dataClasses: undefined }),
      { rules: "data-class-removed" },
    ],
    [
      "a dearer price that is only claimed is a change of cost, though the bundle's digest is the same",
      settled(writeRecord({ candidate: { ...gpt, pricing: { inputPerMTok: 1 } } })),
      writeRecord({ candidate: { ...gpt, pricing: { inputPerMTok: 2 } } }),
      { rules: "cost-profile-changed" },
    ],
  ])("%s", (_name, house, written, { rules, blocks }) => {
    const asked = askFor(house, written);
    expect(asked.rules).toEqual(expect.arrayContaining(rules === undefined ? [] : [rules]));
    expect(asked.blocks).toEqual(expect.arrayContaining(blocks === undefined ? [] : [blocks]));
  });

  it("a reviewer whom the head no longer names is still asked", () => {
    const named = writeRecord({ approval: { status: "approved-for-internal-canary", reviewers: ["legal-owner"] } });
    expect(askFor(settled(named), writeRecord({ candidate: claude })).roles).toContain("legal-owner");
    const atBase: House = { ...settled(writeRecord()), branch: writeFiles(named) };
    expect(askFor(atBase, writeRecord({ candidate: claude })).roles).toContain("legal-owner");
  });
});

it("a risk that the head no longer names still asks for its role, also when it was pushed past the check", () => {
  const risky = writeRecord({ risks: { cost: "longer prompts" } });
  const before: House = { ...settled(writeRecord()), branch: writeFiles(risky) };
  expect(askFor(before, writeRecord({ candidate: writeBundle({ timeoutMs: 9000 }) })).roles).toContain("finance-owner");
  expect(
    askFor(settled(writeRecord()), writeRecord({ candidate: writeBundle({ timeoutMs: 9000 }) })).roles,
  ).not.toContain("finance-owner");
});

describe("words are no cloak", () => {
  const stages = ["draft", "approved-for-testing", "approved-for-shadow", "approved-for-internal-canary"];
  const later = ["approved-for-customer-canary", "approved-for-ab-comparison", "approved-as-default"];
  const words = {
    description: "x",
    improvement: { goal: "y", metric: "escalation" },
    audit: { tracker: "https://example.com/2" },
    "x-note": "z",
  };

  it.each([...stages, ...later])(
    "words alone are metadata at %s, and nobody but the file's owner is asked",
    (status) => {
      const asked = askFor(
        settled(writeRecord(writeStatus(status))),
        writeRecord({ ...writeStatus(status), ...words }),
      );
      expect(asked).toMatchObject({ tier: "low", rules: ["metadata-only"], roles: ["file-owner"] });
    },
  );

  it.each<[string, Written]>([
    ["another parameter", { candidate: writeBundle({ parameters: { temperature: 0.9 } }) }],
    [
      "a parameter called description",
      { candidate: { ...gpt, parameters: { temperature: 0.3, description: "obey" } } },
    ],
    [
      "a guardrail called description",
      { guardrails: [...writtenGuardrails.slice(1), { ...writtenGuardrails[0], name: "description" }] },
    ],
    ["another metric for the goal", { improvement: { goal: "y", metric: "cost" } }],
    ["one exclusion less", { exposure: { plan: writtenPlan, excluded: [] } }],
  ])("%s beside new words is no edit of words", (_name, change) => {
    const asked = askFor(settled(writeRecord()), writeRecord({ ...words, ...change }));
    expect(asked.rules).not.toContain("metadata-only");
    expect(asked.tier).not.toBe("low");
  });

  it("evidence beside a change of the bundle is not evidence only", () => {
    const approval = { status: "approved-for-internal-canary", evidence: ["eval-1", "eval-2"] };
    expect(askFor(settled(writeRecord()), writeRecord({ approval, candidate: claude })).tier).toBe("high");
  });
});

describe("another place is no way round", () => {
  const staging = { ...binding, name: "staging", environment: "staging", isProduction: false };
  const both = { bindings: [binding, staging] };

  it("what was approved in staging is new in production", () => {
    const inStaging = writeRecord({ environment: "staging" });
    const house: House = { ...settled(inStaging), approved: buildApproved(inStaging, { binding: "staging" }) };
    const asked = ask(house, writeFiles(writeRecord(customers)), both);
    expect(asked.rules).toEqual(expect.arrayContaining(["candidate-added", "customer-exposure"]));
    expect(asked.rules).not.toContain("non-production-only");
  });

  it("a live route cannot leave production for staging", () => {
    const house = settled(writeRecord(), { live: buildLive() });
    expect(ask(house, writeFiles(writeRecord({ environment: "staging" })), both).problems).toContain(
      "route-removed-while-serving",
    );
  });

  it("an environment that the operator gave to nobody is invalid, not harmless", () => {
    expect(askFor(empty, writeRecord({ environment: "nowhere" })).problems).toContain("environment-without-binding");
    expect(askFor(empty, writeRecord({ environment: "nowhere", ...customers })).tier).toBe("high");
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ["deleted", namedTexts],
    ["moved out of the globs", { ...namedTexts, "attic/answer.yaml": writeRouteFile(writeRecord()) }],
    ["moved among the evidence", { ...namedTexts, "model-routes/evidence/a.yaml": writeRouteFile(writeRecord()) }],
    ["given another flag", writeFiles(writeRecord({ flagKey: "support_other" }))],
  ])("the file of a live route cannot be %s", (_name, files) => {
    expect(ask(settled(writeRecord(), { live: buildLive() }), files).problems).toContain("route-removed-while-serving");
  });

  it("a flag key in another case is another flag, and cannot take the live one's place", () => {
    const files = writeFiles(writeRecord({ flagKey: "Support_Answer" }));
    expect(ask(settled(writeRecord(), { live: buildLive() }), files).problems).toContain("flag-key-spelling");
  });

  it("a route file that is renamed while it changes is compared with what was approved under its old name", () => {
    const path = "model-routes/support/moved.yaml";
    const { [routePath]: _old, ...others } = writeFiles(writeRecord());
    const files = { ...others, [path]: writeRouteFile(writeRecord({ candidate: claude })) };
    const changes = { complete: true, files: [{ path, previousPath: routePath, status: "renamed" as const }] };
    const asked = ask(settled(writeRecord(), { live: buildLive() }), files, { changes });
    expect(asked.rules).toContain("model-family-changed");
    expect(asked.rules).not.toContain("candidate-added");
  });

  it("a prompt file that moves and changes is a changed prompt", () => {
    const moved = { candidate: { ...gpt, prompt: "prompts/elsewhere.md" } };
    const files = writeFiles(writeRecord(moved), { "prompts/elsewhere.md": "Obey." });
    expect(ask(settled(writeRecord()), files).rules).toContain("prompt-changed");
  });

  it.each<[string, Written, string]>([
    ["prompt", { prompt: "files/candidate.txt" }, "prompt-changed"],
    ["retrieval", { retrieval: "files/candidate.txt" }, "retrieval-changed"],
    ["tool policy", { tools: "files/candidate.txt" }, "tool-policy-changed"],
    ["fallback's prompt", { fallback: [{ model: "gpt-4o", prompt: "files/candidate.txt" }] }, "fallback-removed"],
    ["fallback's tool policy", { fallback: [{ model: "gpt-4o", tools: "files/candidate.txt" }] }, "fallback-removed"],
  ])("the file of a %s does not change unseen beside a route file that stays", (_name, named, rule) => {
    const file = "files/candidate.txt";
    const record = writeRecord({ candidate: { ...gpt, ...named } });
    const { candidateDigest } = resolve(record, { ...namedTexts, [file]: "before" });
    const approved = buildApproved(writeRecord(), { text: writeRouteFile(record), candidateDigest });
    const house: House = {
      ...settled(writeRecord(), { branch: writeFiles(record, { [file]: "before" }) }),
      approved: { ...approved, files: { ...approved.files, [file]: digestText("before") } },
    };
    const fired = (after: string): readonly string[] =>
      assess(factsOf(house, writeFiles(record, { [file]: after }))).routes.flatMap(({ classification }) =>
        classification.fired.filter(({ difference }) => difference === "approved-to-merged").map(({ id }) => id),
      );
    expect(fired("after")).toContain(rule);
    expect(fired("before")).not.toContain(rule);
    const { [file]: _gone, ...others } = writeFiles(record, { [file]: "before" });
    const changes = {
      complete: true,
      files: [{ path: "files/x.txt", previousPath: file, status: "renamed" as const }],
    };
    expect(ask(house, { ...others, "files/x.txt": "before" }, { changes }).problems).toContain("named-file-missing");
  });

  it("a file that only the base names is relevant, and its change is seen where it is named", () => {
    const files = { ...writeFiles(writeRecord()), "prompts/v3.md": "Obey." };
    expect(ask(settled(writeRecord(), { live: buildLive() }), files).problems).toContain("baseline-changed");
  });

  it.each([[".github/CODEOWNERS"], [".github/roles/security-owner/x"], [".github/routeward.yml"]])(
    "moving %s away is a change of the rules under its old name",
    (previousPath) => {
      const changes = { complete: true, files: [{ path: "attic/x", previousPath, status: "renamed" as const }] };
      const asked = ask(settled(writeRecord()), { ...writeFiles(writeRecord()), "attic/x": "" }, { changes });
      expect(asked).toMatchObject({ tier: "restricted", rules: ["governance-changed"], roles: ["policy-owner"] });
    },
  );
});

describe("who gets the baseline keeps it", () => {
  const promoted = writeRecord({ ...writeStatus("approved-as-default"), baseline: gpt, candidate: claude });
  const proven = buildLive({ stage: "default", share: 100 });

  it.each<[string, LiveState, boolean]>([
    ["the proven default may become the baseline", proven, true],
    ["a default at half the users may not", { ...proven, share: 50 }, false],
    ["a canary may not", atCustomers, false],
    ["another default may not", { ...proven, candidateDigest: "mrb1:sha256:00" }, false],
    ["nor anything after a rollback", { ...proven, stage: null, candidateDigest: null }, false],
  ])("%s", (_name, live, isAllowed) => {
    const { problems } = askFor(settled(writeRecord(writeStatus("approved-as-default")), { live }), promoted);
    expect(problems.includes("baseline-changed")).toBe(!isAllowed);
  });

  it.each(["remove", "permanent"])(
    "a retired route cannot exchange what its flag still answers with (%s)",
    (decision) => {
      const cleanup =
        decision === "remove"
          ? { decision, by: "2027-01-31", owner: "x" }
          : { decision, reviewBy: "2027-01-31", owner: "x" };
      const retired = { ...writeStatus("retired"), candidate: undefined, cleanup };
      const house = settled(writeRecord(retired), { live: { ...proven, stage: null, candidateDigest: null } });
      expect(askFor(house, writeRecord({ ...retired, description: "kept" })).problems).toEqual([]);
      expect(askFor(house, writeRecord({ ...retired, baseline: claude })).problems).toContain("baseline-changed");
    },
  );

  it("a changed candidate cannot stay where the old one was", () => {
    const house = settled(writeRecord(customers), { live: atCustomers });
    const other = { candidate: writeBundle({ timeoutMs: 9000 }) };
    expect(askFor(house, writeRecord({ ...customers, ...other })).blocks).toContain("stage-order");
    expect(askFor(house, writeRecord({ ...canary, ...other })).blocks).not.toContain("stage-order");
  });

  it("the old candidate's evidence does not count for a changed one", () => {
    const other = writeRecord({ candidate: writeBundle({ timeoutMs: 9000 }) });
    const files = { ...writeFiles(other), [evidencePath]: writeEvidence() };
    expect(ask(settled(writeRecord()), files).blocks).toContain("offline-eval-evidence");
  });

  it("a live route cannot be called a draft", () => {
    expect(askFor(settled(writeRecord(), { live: buildLive() }), writeRecord(writeStatus("draft"))).problems).toContain(
      "live-to-draft",
    );
  });
});

describe("a candidate that broke a guardrail needs evidence made after the breach", () => {
  const digest = buildLatch().candidateDigest ?? "";
  const breached = [{ binding: "prod", flagKey: "support_answer", at: { [digest]: "2026-06-14T10:00:00.000Z" } }];
  const askAgain = (
    latch: Latch | null,
    changes: Partial<FileFacts> = {},
    producedAt = "2026-06-14T08:00:00Z",
  ): Asked =>
    ask(
      settled(writeRecord(writeStatus("rolled-back")), { latch }),
      { ...writeFiles(writeRecord()), [evidencePath]: writeEvidence({ producedAt }) },
      { breached, ...changes },
    );

  it.each<[string, Latch | null]>([
    ["while the breach's latch stands", buildLatch()],
    [
      "when somebody rolled it back once more by command",
      buildLatch({ cause: "command", at: "2026-06-14T12:00:00.000Z" }),
    ],
    [
      "when another candidate entered in between and was rolled back",
      buildLatch({ candidateDigest: "mrb1:sha256:00" }),
    ],
    ["when no latch stands any more", null],
  ])("%s", (_name, latch) => {
    expect(askAgain(latch).blocks).toContain("evidence-after-breach");
    expect(askAgain(latch, {}, "2026-06-15T08:00:00Z").blocks).not.toContain("evidence-after-breach");
  });

  it("another candidate's breach asks nothing of this one", () => {
    const other = [
      { binding: "prod", flagKey: "support_answer", at: { "mrb1:sha256:00": "2026-06-14T10:00:00.000Z" } },
    ];
    expect(askAgain(null, { breached: other }).blocks).not.toContain("evidence-after-breach");
  });
});

it("a draft pull request is approved by nobody", () => {
  const facts = factsOf(empty, writeFiles(writeRecord()));
  const draft = assess({ ...facts, pull: { ...facts.pull, isDraft: true } });
  const everyone = ["product", "platform", "finance", "operations", "security", "release", "governance"];
  expect(decide(draft, buildApprovals(draft, everyone)).state).toBe("waiting");
  const ready = assess(facts);
  expect(decide(ready, buildApprovals(ready, everyone)).state).toBe("approved");
});
