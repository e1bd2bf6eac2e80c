import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Problem } from "../problem.ts";
import { decide } from "../decide.ts";
import { assess } from "../assess.ts";
import { verdictStates } from "../scales.ts";
import {
  buildApprovals,
  buildFacts,
  buildSnapshot,
  evidencePath,
  routePath,
  writeBundle,
  writeEvidence,
  writeFiles,
  writeRecord,
  type Written,
} from "../verdict/test-builders.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { countBytes, cutMarkdown, cutPlain } from "./cut-bytes.ts";
import { codeSpan, escapeMarkdown } from "./escape-markdown.ts";
import { renderAnnotations } from "./render-annotations.ts";
import { concludeFrom, renderCheck } from "./render-check.ts";
import { renderTerminal } from "./render-terminal.ts";

const context = { headSha: "h" };

function judge(written: Written, approvers: readonly string[] = []): Verdict {
  const assessment = assess(buildFacts({ head: buildSnapshot(writeFiles(written)) }));
  return decide(assessment, buildApprovals(assessment, approvers));
}

const switched = writeRecord({
  candidate: writeBundle({ provider: "anthropic", model: "claude-sonnet-4-5-20250929" }),
  dataClasses: ["customer"],
});

describe("the card", () => {
  it("opens with what to do next", () => {
    expect(renderCheck(judge(switched, ["product"]), context).summary).toMatchInlineSnapshot(`
      "Route support\\_answer: blocked, high risk.

      **Next**

      - offline-eval: eval-1 does not count: it measured another bundle: mrb1:sha256:08b7649e0c6d…, not the candidate mrb1:sha256:9159c9ffb59f…
      - the way back was not rehearsed for this candidate: ask with \\\`/routeward rehearse\\\`
      - ai-platform-owner: needs an approval of @&#8203;acme/platform
      - finance-owner: needs an approval of @&#8203;acme/finance"
    `);
  });

  it("shows everything a reviewer decides by, in this order", () => {
    expect(renderCheck(judge(switched, ["product"]), context).text).toMatchInlineSnapshot(`
      "### Baseline and candidate

      |  | baseline | candidate |
      | --- | --- | --- |
      | ▸ \`provider\` | \`openai\` | \`anthropic\` |
      | ▸ \`model\` | \`gpt-4o-2024-08-06\` | \`claude-sonnet-4-5-20250929\` |
      | \`region\` | \`eu\` | \`eu\` |
      | \`promptVersion\` | \`v3\` | \`v3\` |
      | \`prompt\` | \`prompts/v3.md (835a2b05d5ea)\` | \`prompts/v3.md (835a2b05d5ea)\` |
      | \`retrievalProfile\` | \`public-docs\` | \`public-docs\` |
      | \`toolPolicy\` | \`read-only\` | \`read-only\` |
      | \`timeoutMs\` | \`8000 ms\` | \`8000 ms\` |
      | \`maxRetries\` | \`1\` | \`1\` |
      | \`parameters.temperature\` | \`0.2\` | \`0.2\` |
      | \`fallback\` | \`baseline-search, static-answer\` | \`baseline-search, static-answer\` |

      - candidate digest: \`mrb1:sha256:9159c9ffb59fb5f78be4f25648f8756bb9db5a9cb95aafaf194309a580be1b14\`

      ### Workflow and audience

      - workflow: support-answer
      - owner: support-ai, environment: production, file: \`model-routes/support/answer.yaml\`
      - audience: internal-support, share: 100 %
      - excluded: regulated-region

      ### Risk: high

      | tier | rule | what was found | line |
      | --- | --- | --- | --- |
      | high | \`cost-profile-changed\` | cost from gpt-4o-2024-08-06 to claude-sonnet-4-5-20250929 changes by a factor of 1.50, of 2.40 with long contexts \\(list price, @&#8203;pydantic/genai-prices 0.1.8, 2026-09-23\\) | \`model-routes/support/answer.yaml:1\` |
      | high | \`model-family-changed\` | model family changed from gpt-4o to claude-sonnet | \`model-routes/support/answer.yaml:1\` |
      | high | \`provider-switched\` | provider switched from openai to anthropic | \`model-routes/support/answer.yaml:1\` |
      | medium | \`candidate-added\` | candidate claude-sonnet-4-5-20250929 added; nothing of this flag was approved before | \`model-routes/support/answer.yaml:1\` |
      | medium | \`internal-exposure\` | internal-canary entered, from no exposure | \`model-routes/support/answer.yaml:1\` |

      ### Evidence

      | id | kind | trust | verdict | why |
      | --- | --- | --- | --- | --- |
      | \`eval-1\` | offline-eval | declared | does not count | it measured another bundle: mrb1:sha256:08b7649e0c6d…, not the candidate mrb1:sha256:9159c9ffb59f…; high risk needs evidence of a verified workflow run; passed: 0.9 against &gt;= 0.85; declared only: a file of the pull request, no workflow run is named, dataset golden, threshold &gt;= 0.85 |
      | \`rollback-test-1\` | rollback-rehearsal | none | missing | Routeward has rehearsed no way back for this candidate: ask with \\\`/routeward rehearse\\\` |

      ### Guardrails

      | guardrail | category | threshold | candidate | baseline | outcome | why |
      | --- | --- | --- | --- | --- | --- | --- |
      | quality | quality | &gt;= 0.85 | – | – | inconclusive | no reading of the candidate yet |
      | latency | latency | &lt;= 2.5 | – | – | inconclusive | no reading of the candidate yet |
      | cost | cost | &lt;= baseline \\+ 10% | – | – | inconclusive | no reading of the candidate yet |
      | fallback | fallback | &lt;= 0.03 | – | – | inconclusive | no reading of the candidate yet |
      | safety | safety | &#8203;== 0 | – | – | inconclusive | no reading of the candidate yet |
      | escalation | business | &lt;= baseline \\+ 2pp | – | – | inconclusive | no reading of the candidate yet |

      ### Rollback

      - returns to \`baseline mrb1:sha256:cbc1ae7e0f9801b1d28fef4d1545a7b56e3f8ec4eb699adb868d7ee6db8baa2a\`
      - owner: platform
      - rehearsal: not rehearsed for this candidate

      ### Required reviewers

      - ✅ product-owner: approved by @&#8203;product – for: the candidate improves the workflow that matters; because of candidate-added, high risk, model-family-changed; from CODEOWNERS line 3
      - ⏳ ai-platform-owner: needs an approval of @&#8203;acme/platform – for: the route is reliable, observable and reversible; because of high risk, internal-exposure, provider-switched; from CODEOWNERS line 4
      - ⏳ finance-owner: needs an approval of @&#8203;acme/finance – for: the cost per successful outcome is acceptable; because of cost-profile-changed; from CODEOWNERS line 5

      ### Stage

      - live: nothing; asked: internal-canary \\(status approved-for-internal-canary\\)
      - ✅ \`complete-record\`: the record is complete
      - ✅ \`stage-order\`: internal-canary is the next stage of the plan
      - ❌ \`offline-eval-evidence\`: offline-eval: eval-1 does not count: it measured another bundle: mrb1:sha256:08b7649e0c6d…, not the candidate mrb1:sha256:9159c9ffb59f…
      - ⏳ \`rehearsal\`: the way back was not rehearsed for this candidate: ask with \\\`/routeward rehearse\\\`
      - ✅ \`audiences-known\`: all audiences and exclusions are defined
      - ✅ \`safe-exclusions\`: exclusions hold for users whose attributes are unknown
      - ✅ \`guardrails-declared\`: 6 guardrails with thresholds

      ### Audit and cleanup

      - tracker: \`https://example.com/1\`
      - cleanup: remove by 2027-01-31, support-ai
      - reviews are bound to \`sha256:68e76ccbb2e134c892f9c469908af3617824f7a8ef0c36bcb48f6386a5bdca0c\`

      <details>
      <summary>What later stages will need</summary>

      - ▫️ customer-canary: approval of product-owner, ai-platform-owner, finance-owner, release-owner; internal-canary soaked for 24 h; all guardrails passing
      - ▫️ ab-comparison: approval of product-owner, ai-platform-owner, finance-owner, release-owner; customer-canary soaked for 48 h; all guardrails passing
      - ▫️ default: approval of product-owner, ai-platform-owner, finance-owner, release-owner; ab-result or canary-report: no evidence that counts; ab-comparison soaked for 7 d; all guardrails passing

      </details>"
    `);
  });

  it("shows of each record the dataset, scorer, threshold and run, and whether it passed by our own count", () => {
    const rowOf = (record: Written): string => {
      const files = writeFiles(writeRecord(), { [evidencePath]: writeEvidence(record) });
      const assessment = assess(buildFacts({ head: buildSnapshot(files) }));
      const { text } = renderCheck(decide(assessment, buildApprovals(assessment, [])), context);
      return text.split("\n").find((line) => line.startsWith("| `eval-1`")) ?? "";
    };
    const claimed = { grader: "rubric v2", run: "run 8841", passed: true };
    expect([rowOf(claimed), rowOf({ ...claimed, result: 0.5 })]).toMatchInlineSnapshot(`
      [
        "| \`eval-1\` | offline-eval | declared | counts | passed: 0.9 against &gt;= 0.85; declared only: a file of the pull request, no workflow run is named, dataset golden, scorer rubric v2, threshold &gt;= 0.85, run run 8841 |",
        "| \`eval-1\` | offline-eval | declared | does not count | failed: 0.5 against the record's threshold &gt;= 0.85; declared only: a file of the pull request, no workflow run is named, dataset golden, scorer rubric v2, threshold &gt;= 0.85, run run 8841 |",
      ]
    `);
  });

  it("reads the same on a terminal", () => {
    expect(renderTerminal(judge(writeRecord(), ["product", "platform"]), { colour: false })).toMatchInlineSnapshot(`
      "Medium risk: approved by all 2 roles

      Next
        - Merge it: the merge asks FeatBit for internal-canary.

      Baseline and candidate
                                  baseline                        candidate
        ▸ parameters.temperature  0.2                             0.3
        provider                  openai                          openai
        model                     gpt-4o-2024-08-06               gpt-4o-2024-08-06
        region                    eu                              eu
        promptVersion             v3                              v3
        prompt                    prompts/v3.md (835a2b05d5ea)    prompts/v3.md (835a2b05d5ea)
        retrievalProfile          public-docs                     public-docs
        toolPolicy                read-only                       read-only
        timeoutMs                 8000 ms                         8000 ms
        maxRetries                1                               1
        fallback                  baseline-search, static-answer  baseline-search, static-answer
          candidate digest: mrb1:sha256:08b7649e0c6d710b90a8b77f675bd850f586308b543e71ae9bd2c6af600bcd16

      Workflow and audience
          workflow: support-answer
          owner: support-ai, environment: production, file: model-routes/support/answer.yaml
          audience: internal-support, share: 100 %
          excluded: regulated-region

      Risk: medium
        tier    rule                what was found                                                line
        medium  candidate-added     candidate gpt-4o-2024-08-06 added; nothing of this flag was approved before  model-routes/support/answer.yaml:1
        medium  internal-exposure   internal-canary entered, from no exposure                     model-routes/support/answer.yaml:1
        medium  parameters-changed  parameters changed: temperature from 0.2 to 0.3               model-routes/support/answer.yaml:1

      Evidence
        id               kind                trust      verdict  why
        eval-1           offline-eval        declared   counts   passed: 0.9 against >= 0.85; declared only: a file of the pull request, no workflow run is named, dataset golden, threshold >= 0.85
        rollback-test-1  rollback-rehearsal  own-store  counts   rehearsed 2026-06-14T09:00:00.000Z: forward 900 ms, back 210 ms, proven through the SDK

      Guardrails
        guardrail   category  threshold          candidate  baseline  outcome       why
        quality     quality   >= 0.85            –          –         inconclusive  no reading of the candidate yet
        latency     latency   <= 2.5             –          –         inconclusive  no reading of the candidate yet
        cost        cost      <= baseline + 10%  –          –         inconclusive  no reading of the candidate yet
        fallback    fallback  <= 0.03            –          –         inconclusive  no reading of the candidate yet
        safety      safety    == 0               –          –         inconclusive  no reading of the candidate yet
        escalation  business  <= baseline + 2pp  –          –         inconclusive  no reading of the candidate yet

      Rollback
          returns to baseline mrb1:sha256:cbc1ae7e0f9801b1d28fef4d1545a7b56e3f8ec4eb699adb868d7ee6db8baa2a
          owner: platform
          rehearsal: rehearsed 2026-06-14T09:00:00.000Z, back in 210 ms

      Required reviewers
        ✓ product-owner: approved by @product – for: the candidate improves the workflow that matters; because of candidate-added, parameters-changed; from CODEOWNERS line 3
        ✓ ai-platform-owner: approved by @platform – for: the route is reliable, observable and reversible; because of internal-exposure, medium risk; from CODEOWNERS line 4

      Stage
          live: nothing; asked: internal-canary (status approved-for-internal-canary)
        ✓ complete-record: the record is complete
        ✓ stage-order: internal-canary is the next stage of the plan
        ✓ offline-eval-evidence: offline-eval: eval-1 counts (declared)
        ✓ audiences-known: all audiences and exclusions are defined
        ✓ guardrails-declared: 6 guardrails with thresholds

      Audit and cleanup
          tracker: https://example.com/1
          cleanup: remove by 2027-01-31, support-ai
          reviews are bound to sha256:d2e098cc768ad529edaedf735ccfe9f6c7c670ef86239d5c6c16d807dd2c04f9

      What later stages will need
        · customer-canary: approval of product-owner, ai-platform-owner, release-owner; internal-canary soaked for 24 h; all guardrails passing
        · ab-comparison: approval of product-owner, ai-platform-owner, release-owner; customer-canary soaked for 48 h; all guardrails passing
        · default: approval of product-owner, ai-platform-owner, release-owner; ab-result or canary-report: no evidence that counts; ab-comparison soaked for 7 d; all guardrails passing
      "
    `);
  });

  it("has colours only where they are wanted", () => {
    expect(renderTerminal(judge(writeRecord()), { colour: true })).toContain("\u001B[33m");
    expect(renderTerminal(judge(writeRecord()), { colour: false })).not.toContain("\u001B");
  });

  it("shows what the authors concluded from the stage behind them, and no word of it where they did not", () => {
    const approval = {
      status: "approved-for-customer-canary",
      outcome: { decision: "expand", reason: "fewer escalations | @acme/all" },
    };
    const shown = renderCheck(judge(writeRecord({ approval })), context).text;
    expect(shown).toContain("outcome: `expand`, fewer escalations \\| @&#8203;acme/all");
    expect(renderCheck(judge(writeRecord()), context).text).not.toContain("outcome:");
  });

  it("shows a problem with file, line, expected, found and mend", () => {
    const written = { ...writeRecord(), promtVersion: "v3" };
    const check = renderCheck(judge(written), context);
    expect(check.conclusion).toBe("failure");
    expect(check.summary).toContain("| where | what | expected | found | mend |");
    expect(check.annotations[0]).toMatchObject({ path: routePath, startLine: 1, level: "failure" });
  });
});

describe("the check run", () => {
  it.each([
    ["not-applicable", "enforce", "success"],
    ["approved", "enforce", "success"],
    ["waiting", "enforce", "action_required"],
    ["blocked", "enforce", "failure"],
    ["invalid", "enforce", "failure"],
    ["invalid", "report", "success"],
  ] as const)("%s in mode %s concludes with %s", (state, mode, conclusion) => {
    expect(concludeFrom(state, mode)).toBe(conclusion);
  });

  it("no verdict is ever neutral or skipped, and only two succeed", () => {
    const succeeding = verdictStates.filter((state) => concludeFrom(state, "enforce") === "success");
    expect(succeeding).toEqual(["not-applicable", "approved"]);
  });

  it("buttons keep GitHub's limits", () => {
    const { actions } = renderCheck(judge(writeRecord()), context);
    expect(actions.map((action) => action.identifier)).toEqual(["recheck", "rehearse", "rollback"]);
    for (const { label, description, identifier } of actions) {
      expect([label.length <= 20, description.length <= 40, identifier.length <= 20]).toEqual([true, true, true]);
    }
  });

  it("equal verdicts have one external id, another commit or verdict another one", () => {
    const id = (verdict: Verdict, headSha = "h"): string => renderCheck(verdict, { ...context, headSha }).externalId;
    expect(id(judge(writeRecord()))).toBe(id(judge(writeRecord())));
    expect(id(judge(writeRecord()), "h2")).not.toBe(id(judge(writeRecord())));
    expect(id(judge(writeRecord(), ["product"]))).not.toBe(id(judge(writeRecord())));
    expect(id(judge(writeRecord())).length).toBeLessThanOrEqual(255);
  });

  it("has no link to a dashboard that is not there", () => {
    expect(renderCheck(judge(writeRecord()), context).summary).not.toMatch(/https?:/);
  });

  it("draws no diagram, which check runs do not render", () => {
    expect(renderCheck(judge(switched), context).text).not.toContain("mermaid");
  });
});

describe("annotations", () => {
  const problem = (line: number, changes: Partial<Problem> = {}): Problem => ({
    path: "a.yaml",
    line,
    column: 2,
    code: "unknown-key",
    severity: "error",
    message: "m",
    expected: "e",
    found: "f",
    fix: "mend",
    ...changes,
  });
  const withProblems = (problems: readonly Problem[]): Verdict => ({ ...judge(writeRecord()), routes: [], problems });

  it("stand on their lines with what was expected, found and how to mend it", () => {
    expect(renderAnnotations(withProblems([problem(3)]))).toEqual([
      {
        path: "a.yaml",
        startLine: 3,
        endLine: 3,
        startColumn: 2,
        endColumn: 2,
        level: "failure",
        title: "unknown-key",
        message: "m\nexpected: e\nfound: f",
        rawDetails: "mend",
      },
    ]);
  });

  it("are at most fifty, the worst first, none twice", () => {
    const many = Array.from({ length: 80 }, (_, index) => problem(index + 1, { severity: "warning" }));
    const shown = renderAnnotations(withProblems([...many, problem(99), problem(99)]));
    expect(shown).toHaveLength(50);
    expect(shown[0]?.startLine).toBe(99);
    expect(shown.filter((each) => each.startLine === 99)).toHaveLength(1);
  });

  it("never have a line or column below 1", () => {
    expect(renderAnnotations(withProblems([problem(0, { column: Number.NaN })]))[0]).toMatchObject({
      startLine: 1,
      startColumn: 1,
    });
  });

  it("keep GitHub's lengths", () => {
    const long = "\u{1F600}".repeat(40_000);
    const [shown] = renderAnnotations(withProblems([problem(1, { code: long, message: long, fix: long })]));
    expect(Array.from(shown?.title ?? "").length).toBeLessThanOrEqual(255);
    expect(countBytes(shown?.message ?? "")).toBeLessThanOrEqual(64_000);
    expect(countBytes(shown?.rawDetails ?? "")).toBeLessThanOrEqual(64_000);
  });

  it("rules that make the tier high are notices on their lines", () => {
    const titles = renderAnnotations(judge(switched))
      .filter((each) => each.level === "notice")
      .map((each) => each.title);
    expect(titles).toEqual(["high: cost-profile-changed", "high: model-family-changed", "high: provider-switched"]);
  });
});

describe("what others wrote has no power", () => {
  it.each([
    ["a mention", "@acme/security", "@&#8203;acme/security"],
    ["a reference", "#123", "\\#&#8203;123"],
    ["a reference by GH", "see GH-7", "see GH&#8203;-7"],
    ["a table cell", "a|b", "a\\|b"],
    ["a code span", "`x`", "\\`x\\`"],
    ["a link", "[x](https://evil.example)", "\\[x\\]\\(https:&#8203;//evil.example\\)"],
    ["a bare address", "https://evil.example www.evil.example", "https:&#8203;//evil.example www&#8203;.evil.example"],
    ["an image", "![x](y)", "\\!\\[x\\]\\(y\\)"],
    ["HTML", "<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"],
    ["a comment that hides", "<!-- routeward", "&lt;\\!-- routeward"],
    ["an entity", "&lt;b&gt;", "&amp;lt;b&amp;gt;"],
    ["emphasis", "*a* _b_ ~c~", "\\*a\\* \\_b\\_ \\~c\\~"],
    ["a heading, list or rule at the start", "- x", "&#8203;- x"],
    ["a numbered list at the start", "1. x", "&#8203;1. x"],
    ["mathematics", "$x$", "\\$x\\$"],
    ["a backslash", "\\", "\\\\"],
    ["breaks and control characters", "a\r\n\u0000b\u2028c", "a b c"],
    ["a turned reading direction", "a\u202Eb\u200B", "ab"],
  ])("%s", (_name, text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  it.each([
    ["plain", "a", "`a`"],
    ["backticks inside", "a``b", "```a``b```"],
    ["backticks at the edge", "`a", "`` `a ``"],
    ["a table cell", "a|b", "`a\u2502b`"],
    ["nothing", "", "` `"],
    ["breaks", "a\nb", "`a b`"],
  ])("as code: %s", (_name, text, escaped) => {
    expect(codeSpan(text)).toBe(escaped);
  });

  it("no text opens a cell, a tag, a mention or a line of its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        const escaped = escapeMarkdown(text);
        expect(escaped).not.toMatch(/[\n\r<>]|@(?!&#8203;)/);
        expect(escaped.replaceAll(/\\./gu, "")).not.toMatch(/[|`[\]*_]/);
        const code = codeSpan(text);
        expect(code).not.toMatch(/[\n\r|]/);
      }),
      { seed: 13 },
    );
  });

  it("a record full of markup keeps the card's tables whole", () => {
    const evil = "|x|\n# h <b> @acme/all `` [a](https://evil.example) <!-- ";
    const written = writeRecord({ workflow: evil, owner: evil, risks: { cost: evil }, audit: { tracker: evil } });
    const { text, summary } = renderCheck(judge(written), context);
    for (const row of `${summary}\n${text}`
      .split("\n")
      .filter((line) => line.startsWith("| high") || line.startsWith("| medium"))) {
      expect(row.replaceAll("\\|", "").split("|")).toHaveLength(6);
    }
    expect(text.replaceAll(/(`+)[^\n]*?\1/g, "")).not.toMatch(/<b>|<!--|@acme/);
  });
});

describe("GitHub's limits", () => {
  it("a long text is cut at a line's end, closes what is open and says so", () => {
    const text = `<details>\n<summary>x</summary>\n\n${"| a | b |\n".repeat(100)}\n</details>`;
    const shown = cutMarkdown(text, 300, "More elsewhere.");
    expect(countBytes(shown)).toBeLessThanOrEqual(300);
    expect(shown).toMatch(/\| a \| b \|\n<\/details>\n\nMore elsewhere\.\n$/);
  });

  it("a short text stays as it is", () => {
    expect(cutMarkdown("a\nb", 300, "More.")).toBe("a\nb");
    expect(cutPlain("a", 3)).toBe("a");
  });

  it("no cut tears a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.integer({ min: 3, max: 90 }), (text, max) => {
        const shown = cutPlain(text, max);
        expect(countBytes(shown)).toBeLessThanOrEqual(max);
        expect(shown.isWellFormed()).toBe(text.isWellFormed());
      }),
      { seed: 17 },
    );
  });

  it("a verdict of a hundred long routes fits", () => {
    const verdict = judge(switched);
    const [route] = verdict.routes;
    if (route === undefined) throw new Error("no route");
    const many = {
      ...verdict,
      title: "t",
      next: Array.from({ length: 500 }, () => "\u{1F600}".repeat(500)),
      routes: Array.from({ length: 100 }, () => route),
    };
    const check = renderCheck(many, context);
    expect(countBytes(check.summary)).toBeLessThanOrEqual(65_535);
    expect(countBytes(check.text)).toBeLessThanOrEqual(65_535);
    expect(check.text).toContain("The rest is cut: `routeward check` shows all of it.");
  });

  it("a title is one line of at most 255 characters", () => {
    const verdict = judge(writeRecord({ workflow: undefined, guardrails: [] }));
    expect(verdict.title).toMatch(/^Medium risk: blocked: /);
    expect(Array.from(verdict.title).length).toBeLessThanOrEqual(255);
  });
});
