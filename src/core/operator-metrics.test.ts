import { describe, expect, it } from "vitest";
import { assess } from "./assess.ts";
import { decide } from "./decide.ts";
import type { BindingFacts, FileFacts, MetricTemplate } from "./facts.ts";
import { applyOperatorMetrics, listOperatorMetrics } from "./guardrails/operator-metrics.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import type { Policy } from "./policy/policy.ts";
import { renderCheck } from "./report/render-check.ts";
import { parseRouteFile } from "./routes/parse-route-file.ts";
import type { RouteRecord } from "./routes/route-file.ts";
import { contentDigestsOf } from "./verdict/assessment.ts";
import {
  buildApprovals,
  buildFacts,
  buildPeople,
  buildSnapshot,
  policyText,
  routePath,
  writeFiles,
  writeRecord,
  writeRouteFile,
} from "./verdict/test-builders.ts";

function template(name: string, value: string, changes: Partial<MetricTemplate> = {}): MetricTemplate {
  return {
    name,
    category: "latency",
    value,
    numerator: null,
    denominator: null,
    samples: null,
    parameters: {},
    ...changes,
  };
}

function withTemplates(...templates: readonly MetricTemplate[]): BindingFacts {
  const [binding] = buildFacts().bindings;
  if (binding === undefined) throw new Error("no binding");
  return { ...binding, metricTemplates: Object.fromEntries(templates.map((each) => [each.name, each])) };
}

function readPolicy(): Policy {
  const policy = parsePolicy({ kind: "text", path: ".github/routeward.yml", text: policyText }, { kind: "absent" });
  if (!policy.ok) throw new Error("the policy of the builders cannot be read");
  return policy.value;
}

function readRecord(): RouteRecord {
  const file = parseRouteFile(routePath, { kind: "text", text: writeRouteFile(writeRecord()) });
  if (!file.ok) throw new Error("the record of the builders cannot be read");
  return file.value.record;
}

const policy = readPolicy();
const record = readRecord();
const used = record.guardrails[0]?.metric ?? "";

describe("the operator's metric templates", () => {
  it("without any the policy stays what it is", () => {
    expect(applyOperatorMetrics(policy, withTemplates(), record)).toBe(policy);
    expect(applyOperatorMetrics(policy, null, record)).toBe(policy);
  });

  it("stand beside the policy's, and go before one of the same name", () => {
    const binding = withTemplates(template(used, "up"), template("extra", "down"));
    const { metrics } = applyOperatorMetrics(policy, binding, record);
    expect(metrics[used]?.value).toBe("up");
    expect(metrics["extra"]?.value).toBe("down");
    const others = Object.keys(policy.metrics).filter((name) => name !== used);
    expect(others.map((name) => metrics[name])).toEqual(others.map((name) => policy.metrics[name]));
  });

  it("that a route uses are in the digest of its rules, and no others", () => {
    const digestWith = (...templates: readonly MetricTemplate[]): string =>
      applyOperatorMetrics(policy, withTemplates(...templates), record).digest;
    expect(digestWith(template("extra", "down"))).toBe(policy.digest);
    const one = digestWith(template(used, "up"));
    expect(one).not.toBe(policy.digest);
    expect(digestWith(template(used, "up"), template("extra", "x"))).toBe(one);
    for (const changed of [
      template(used, "up or down"),
      template(used, "up", { samples: "count(up)" }),
      template(used, "up", { parameters: { segment: ".*" } }),
    ])
      expect(digestWith(changed)).not.toBe(one);
  });

  it("are listed by name, each once, that of the goal too", () => {
    const names = ["c", "b", "c"];
    const [first] = record.guardrails;
    if (first === undefined) throw new Error("the record of the builders has no guardrail");
    const asked = { ...record, guardrails: names.map((metric) => ({ ...first, metric })) };
    const binding = withTemplates(template("a", "x"), template("b", "x"), template("c", "x"), template("d", "x"));
    const list = (metric: string | null): string[] =>
      listOperatorMetrics(policy, binding, { ...asked, improvement: { goal: "g", metric } }).map(({ name }) => name);
    expect(list("a")).toEqual(["a", "b", "c"]);
    expect(list("d")).toEqual(["b", "c", "d"]);
    expect(list(null)).toEqual(["b", "c"]);
    expect(listOperatorMetrics(policy, binding, { ...asked, improvement: null })).toHaveLength(2);
  });

  it.each(["constructor", "toString", "__proto__"])("a metric named %s is no template", (name) => {
    const asked = { ...record, guardrails: record.guardrails.map((each) => ({ ...each, metric: name })) };
    expect(listOperatorMetrics(policy, withTemplates(template("extra", "x")), asked)).toEqual([]);
  });

  it("are told as replacing exactly when the policy has another one of the name", () => {
    const own = policy.metrics[used];
    const listed = (...templates: readonly MetricTemplate[]) =>
      listOperatorMetrics(policy, withTemplates(...templates), record).map(({ isReplacing }) => isReplacing);
    expect(own).toBeDefined();
    expect(listed(template(used, "up"))).toEqual([true]);
    expect(listed(...(own === undefined ? [] : [own]))).toEqual([false]);
  });
});

describe("on a pull request", () => {
  const factsWith = (binding: BindingFacts, changes: Partial<FileFacts> = {}): FileFacts =>
    buildFacts({ bindings: [binding], ...changes });
  const onlyOperators = {
    head: buildSnapshot(
      writeFiles(
        writeRecord({
          guardrails: [{ name: "own", category: "latency", metric: "own-p95", threshold: "<= 2", window: "1h" }],
        }),
      ),
    ),
  };

  it("a guardrail may name a template that only the operator has", () => {
    const gateOf = (facts: FileFacts) =>
      decide(assess(facts), buildPeople()).routes[0]?.gates.find(({ gate }) => gate === "guardrails-declared");
    expect(gateOf(factsWith(withTemplates(), onlyOperators))).toMatchObject({ state: "blocked" });
    expect(gateOf(factsWith(withTemplates(template("own-p95", "up")), onlyOperators))).toMatchObject({ state: "ok" });
  });

  it("a changed template of the operator ends the reviews that were given under the old one, and shows on the card", () => {
    const before = assess(factsWith(withTemplates(template(used, "up"))));
    const after = assess(factsWith(withTemplates(template(used, "down"))));
    const approvals = buildApprovals(before, ["product", "platform"]);
    expect(decide(before, approvals).state).toBe("approved");
    expect(decide(after, approvals).state).toBe("waiting");
    expect(contentDigestsOf(before)).not.toEqual(contentDigestsOf(after));
    const cards = [before, after].map(
      (assessment) => renderCheck(decide(assessment, approvals), { headSha: "h" }).text,
    );
    const shown = cards.map((card) => /the operator's template `(sha256:[0-9a-f]{12})`/.exec(card)?.[1]);
    expect(shown[0]).toBeDefined();
    expect(shown[0]).not.toBe(shown[1]);
    expect(cards[0]).toContain("which goes before the policy's of the same name");
  });
});
