import type { Parsed, Problem } from "../problem.ts";
import type { Stage } from "../scales.ts";
import { stages } from "../scales.ts";
import { tableOf } from "../table-of.ts";
import { longestWindowMs } from "../time/is-frozen.ts";
import { parseDuration } from "../time/parse-duration.ts";
import { isBound, parseEvidenceThreshold } from "../bound.ts";
import { explainSchemaIssues, problemAt } from "../yaml/explain-schema-issues.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import type { YamlDocument } from "../yaml/yaml-document.ts";
import { checkMetricTemplates, normaliseMetricTemplates } from "./read-metric-templates.ts";
import { policySchema, type PolicyInput } from "./policy-schema.ts";
import type { Audience, Policy, StageGate } from "./policy.ts";

/** The settings that one file makes; what it leaves out is absent. `document` knows the lines. */
export interface PolicyFile {
  document: YamlDocument;
  settings: PolicySettings;
}

/** The parts of a policy that a file may set, each by itself. */
export interface PolicySettings extends Partial<Omit<Policy, "digest" | "approvals">> {
  counts?: Policy["approvals"]["counts"];
  separationOfDuties?: Policy["approvals"]["separationOfDuties"];
}

/** Reads one policy file by itself, without defaults or floor. Never throws. */
export function readPolicyFile(path: string, text: string): Parsed<PolicyFile> {
  const parsed = parseYaml(path, text);
  if (!parsed.ok) return parsed;
  const result = policySchema.safeParse(parsed.value.value);
  if (!result.success) {
    return { ok: false, problems: explainSchemaIssues(parsed.value, [], parsed.value.value, result.error.issues) };
  }
  const problems = checkPolicy(parsed.value, result.data);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, value: { document: parsed.value, settings: normalisePolicy(result.data) }, problems: [] };
}

function checkPolicy(document: YamlDocument, input: PolicyInput): readonly Problem[] {
  const metrics = checkMetricTemplates(document, ["metrics"], input.metrics ?? {});
  const thresholds = Object.entries(input.evidenceThresholds ?? {}).flatMap(([kind, text]): Problem[] => {
    const parsed = parseEvidenceThreshold(text ?? "");
    if (isBound(parsed)) return [];
    return [
      problemAt(document, ["evidenceThresholds", kind], {
        code: "wrong-threshold",
        message: "The threshold cannot be read.",
        expected: parsed.expected,
        found: text,
        fix: parsed.fix,
      }),
    ];
  });
  const freeze = (input.freeze ?? []).flatMap((window, index): Problem[] => {
    if ((parseDuration(window.lasts) ?? 0) <= longestWindowMs) return [];
    return [
      problemAt(document, ["freeze", index, "lasts"], {
        code: "wrong-duration",
        message: "A freeze window is too long.",
        expected: `at most ${longestWindowMs / 86_400_000}d`,
        found: window.lasts,
        fix: "Split the window.",
      }),
    ];
  });
  return [...metrics, ...thresholds, ...freeze, ...checkUnique(document, input)];
}

function checkUnique(document: YamlDocument, input: PolicyInput): readonly Problem[] {
  const lists = [
    ["tiers", "id", (input.tiers ?? []).map((rule) => rule.id)],
    ["freeze", "name", (input.freeze ?? []).map((window) => window.name)],
  ] as const;
  return lists.flatMap(([list, field, names]) =>
    names.flatMap((name, index): Problem[] => {
      if (names.indexOf(name) === index) return [];
      return [
        problemAt(document, [list, index, field], {
          code: "duplicate-name",
          message: `Two entries of \`${list}\` have the same \`${field}\`.`,
          expected: "a name of its own for each",
          found: name,
          fix: "Rename one of the two.",
        }),
      ];
    }),
  );
}

function normalisePolicy(input: PolicyInput): PolicySettings {
  const settings: PolicySettings = {};
  if (input.routes) settings.routes = [...new Set(input.routes)];
  if (input.evidence) settings.evidenceFolder = input.evidence;
  if (input.evidenceMaxAge) settings.evidenceMaxAgeMs = parseDuration(input.evidenceMaxAge) ?? 0;
  if (input.datasets) settings.datasets = [...new Set(input.datasets)].sort();
  if (input.roles) {
    settings.roles = tableOf(
      Object.entries(input.roles).map(([role, owners]) => [role, [owners].flat().map((owner) => owner.toLowerCase())]),
    );
  }
  if (input.audiences) {
    settings.audiences = tableOf(
      Object.entries(input.audiences).map(([name, audience]): [string, Audience] => [
        name,
        {
          name,
          internal: audience?.internal ?? false,
          segment: audience?.segment ?? null,
          where: audience?.where ?? [],
          safe: audience?.safe ?? [],
          percent: audience?.percent ?? null,
        },
      ]),
    );
  }
  if (input.stages) settings.stages = normaliseStages(input.stages);
  if (input.metrics) {
    settings.metrics = normaliseMetricTemplates(input.metrics);
  }
  if (input.guardrails) settings.requiredGuardrails = [...new Set(input.guardrails)];
  if (input.approvals?.counts) settings.counts = tableOf(Object.entries(input.approvals.counts));
  if (input.approvals?.separationOfDuties) settings.separationOfDuties = input.approvals.separationOfDuties;
  if (input.tiers) {
    settings.tierRules = input.tiers.map((rule) => ({
      id: rule.id,
      tier: rule.tier,
      triggers: rule.triggers ?? [],
      why: rule.why,
      when: {
        workflows: rule.when.workflows ?? [],
        paths: rule.when.paths ?? [],
        dataClasses: rule.when.dataClasses ?? [],
        fields: rule.when.fields ?? [],
      },
    }));
  }
  if (input.modelFamilies) settings.modelFamilies = tableOf(Object.entries(input.modelFamilies));
  if (input.evidenceThresholds) {
    settings.evidenceThresholds = tableOf(
      Object.entries(input.evidenceThresholds).flatMap(([kind, text]): [string, string][] =>
        text === undefined ? [] : [[kind, text]],
      ),
    );
  }
  if (input.evidenceApps) settings.evidenceApps = [...new Set(input.evidenceApps)].sort((a, b) => a - b);
  if (input.freeze) {
    settings.freeze = input.freeze.map(({ name, cron, lasts, timezone }) => ({
      name,
      cron,
      lastsMs: parseDuration(lasts) ?? 0,
      timezone,
    }));
  }
  if (input.drift) settings.drift = input.drift;
  if (input.onBreach) settings.onBreach = input.onBreach;
  if (input.mode) settings.mode = input.mode;
  return settings;
}

function normaliseStages(input: NonNullable<PolicyInput["stages"]>): Partial<Record<Stage, StageGate>> {
  const gates: Partial<Record<Stage, StageGate>> = {};
  for (const stage of stages) {
    const gate = input[stage];
    if (gate === undefined) continue;
    gates[stage] = {
      soakMs: gate.soak ? parseDuration(gate.soak) : null,
      evidence: gate.evidence ?? [],
      roles: gate.roles ?? [],
      mayBeSkipped: gate.mayBeSkipped ?? false,
    };
  }
  return gates;
}
