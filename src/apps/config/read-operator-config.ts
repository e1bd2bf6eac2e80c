import { readFileSync } from "node:fs";
import { z } from "zod";
import type { BindingFacts } from "../../core/facts.ts";
import type { AttestationTrust } from "../../adapters/github/verify-attestation.ts";
import { isJsonList, isJsonObject, type JsonValue } from "../../core/json.ts";
import { cut } from "../../core/problem.ts";
import { metricTemplates } from "../../core/policy/policy-schema.ts";
import { checkMetricTemplates, normaliseMetricTemplates } from "../../core/policy/read-metric-templates.ts";
import { parseDuration } from "../../core/time/parse-duration.ts";
import { explainSchemaIssues } from "../../core/yaml/explain-schema-issues.ts";
import { parseYaml } from "../../core/yaml/parse-yaml.ts";
import { strictMap } from "../../core/yaml/strict-map.ts";
import { ConfigurationError } from "./read-environment.ts";
import { joinMistakes, tryReading } from "./try-reading.ts";
import { readTrustRoots, type AttestationSettings } from "./read-trust-roots.ts";

/** One binding with its secrets filled in from the environment (SPEC 4). */
export interface Binding extends BindingFacts {
  featbit: {
    apiUrl: string;
    evaluationUrl: string;
    streamingUrl: string;
    envId: string;
    accessToken: string;
    sdkKey: string;
    webhookSecret: string | null;
  };
  metrics: { prometheusUrl: string; token: string | null } | null;
  /** The route's own address, asked at the end of a rehearsal; null when nothing is asked. */
  rehearsal: { url: string; timeoutMs: number; token: string | null } | null;
}

/** The operator's file: which repository may move which FeatBit environment, and how often to look. */
export interface OperatorConfig {
  bindings: readonly Binding[];
  /** Milliseconds between sweeps. */
  sweep: { pullRequests: number; deliveries: number; drift: number; guardrails: number };
  requireFloor: boolean;
  /** By repository in lower case: branches besides the default one whose own rules judge what goes to them. */
  policyBranches: ReadonlyMap<string, readonly string[]>;
  /** Whose signatures under attestations are believed; absent: nothing is attested. */
  attestations?: AttestationSettings;
  /** The trust roots that `attestations` names, once they were read. */
  attestationTrust?: AttestationTrust;
}

const url = (protocols: readonly string[], expected: string) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    params: { code: "bad-url", expected, fix: `Write a full address, for example ${expected}.` },
  });
const httpUrl = url(["http:", "https:"], "https://featbit.example.com");
const streamUrl = url(["ws:", "wss:", "http:", "https:"], "wss://featbit.example.com");
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
const duration = z
  .string()
  .refine((text) => parseDuration(text) !== null, {
    params: {
      code: "bad-duration",
      expected: "a number and ms, s, m, h or d, for example 10m",
      fix: "Write a duration such as 10m.",
    },
  })
  .transform((text) => parseDuration(text) ?? 0);

/** A clock that looks less than once an hour, or more than once a second, watches nothing. */
const watchDuration = duration.refine((milliseconds) => milliseconds >= 1_000 && milliseconds <= 3_600_000, {
  params: {
    code: "bad-duration",
    expected: "between 1s and 60m",
    fix: "Write how often guardrails are read, for example 1m.",
  },
});

/** A rehearsal waits for the answer, and the flag's other work waits for the rehearsal. */
const routeDuration = duration.refine((milliseconds) => milliseconds >= 100 && milliseconds <= 30_000, {
  params: { code: "bad-duration", expected: "between 100ms and 30s", fix: "Write how long to wait, for example 5s." },
});
/** A branch by its exact name, as Git allows it. */
const branchName = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => !/[\s~^:?*[\\\p{Cc}]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\.lock$/u.test(name), {
    params: {
      code: "bad-branch",
      expected: "the exact name of a branch",
      fix: "Write the branch's name, for example release/2026; patterns are not taken.",
    },
  });

const repositoryName = z.string().regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/);

const bindingSchema = strictMap({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  repositories: z.array(repositoryName).min(1),
  environment: z.string().min(1),
  production: z.boolean(),
  flagKeys: z.array(z.string().regex(/^[A-Za-z0-9._*-]{1,128}$/)).min(1),
  featbit: strictMap({
    apiUrl: httpUrl,
    evaluationUrl: httpUrl,
    streamingUrl: streamUrl,
    envId: z.guid(),
    accessTokenEnv: variableName,
    sdkKeyEnv: variableName,
    webhookSecretEnv: variableName.optional(),
    dispatchKey: z.string().min(1).max(128),
  }),
  metrics: strictMap({
    prometheusUrl: httpUrl,
    tokenEnv: variableName.optional(),
    templates: metricTemplates.optional(),
  }).optional(),
  rehearsal: strictMap({
    routeUrl: httpUrl,
    timeout: routeDuration.optional(),
    tokenEnv: variableName.optional(),
  }).optional(),
});

const attestationsSchema = strictMap({
  trustRoots: z.array(z.string().min(1).max(1000)).min(1).max(20),
  issuer: httpUrl.optional(),
});

const configSchema = strictMap({
  bindings: z.array(bindingSchema).min(1),
  sweep: strictMap({
    pullRequests: duration.optional(),
    deliveries: duration.optional(),
    drift: duration.optional(),
    guardrails: watchDuration.optional(),
  }).optional(),
  requireFloor: z.boolean().optional(),
  policyBranches: z.record(repositoryName, z.array(branchName).min(1).max(20)).optional(),
  attestations: attestationsSchema.optional(),
});

type RawBinding = z.infer<typeof bindingSchema>;
type Variables = Readonly<Record<string, string | undefined>>;

/** Whether some flag key fits both patterns. `*` stands for any text. Bounded: patterns have at most 128 characters. */
export function doPatternsOverlap(a: string, b: string): boolean {
  const known = new Map<number, boolean>();
  const walk = (i: number, j: number): boolean => {
    const key = i * 200 + j;
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    known.set(key, false);
    let fits = false;
    if (i === a.length && j === b.length) fits = true;
    else if (a[i] === "*") fits = walk(i + 1, j) || (j < b.length && walk(i, j + 1));
    else if (b[j] === "*") fits = walk(i, j + 1) || (i < a.length && walk(i + 1, j));
    else fits = i < a.length && j < b.length && a[i]?.toLowerCase() === b[j]?.toLowerCase() && walk(i + 1, j + 1);
    known.set(key, fits);
    return fits;
  };
  return walk(0, 0);
}

/** Two bindings that could both move one flag of one FeatBit environment, or both claim a route of one repository. */
function findOverlaps(bindings: readonly RawBinding[], path: string): string[] {
  const mistakes: string[] = [];
  for (const [index, one] of bindings.entries()) {
    for (const other of bindings.slice(index + 1)) {
      if (one.name === other.name)
        mistakes.push(`${path}: two bindings are named "${one.name}"; give each its own name`);
      const sharesRepository = one.repositories.some((name) =>
        other.repositories.some((repository) => repository.toLowerCase() === name.toLowerCase()),
      );
      const sameTarget = one.featbit.envId.toLowerCase() === other.featbit.envId.toLowerCase();
      const sameSource = sharesRepository && one.environment === other.environment;
      if (!sameTarget && !sameSource) continue;
      const clash = one.flagKeys.find((key) => other.flagKeys.some((pattern) => doPatternsOverlap(key, pattern)));
      if (clash === undefined) continue;
      const what = sameTarget
        ? "the same FeatBit environment"
        : `environment "${one.environment}" of the same repository`;
      mistakes.push(
        `${path}: bindings "${one.name}" and "${other.name}" overlap on "${clash}" in ${what}; a flag must belong to one`,
      );
    }
  }
  return mistakes;
}

/** The bindings that can be read although something else in the file is wrong. */
function listReadable(file: JsonValue): readonly RawBinding[] {
  const bindings = isJsonObject(file) && isJsonList(file["bindings"]) ? file["bindings"] : [];
  return bindings.flatMap((binding) => bindingSchema.safeParse(binding).data ?? []);
}

/** Repositories that no binding names: their branches would be listed for nothing, most likely by a slip. */
function findUnbound(names: readonly string[], bindings: readonly RawBinding[], path: string): string[] {
  const known = bindings.flatMap(({ repositories }) => repositories.map((name) => name.toLowerCase()));
  return names
    .filter((name) => !known.includes(name.toLowerCase()))
    .map((name) => `${path}: policyBranches names ${name}, which no binding names`);
}

/** The secrets that a binding may name, by section and key, with what each is for. */
const secretsOfBinding = [
  ["featbit", "accessTokenEnv", "the FeatBit access token"],
  ["featbit", "sdkKeyEnv", "the FeatBit SDK key"],
  ["metrics", "tokenEnv", "the metrics token"],
  ["rehearsal", "tokenEnv", "the route's token"],
] as const;

/** Secrets that the file names and the environment lacks; also of bindings that are wrong otherwise, so that one start names everything. */
function findMissingSecrets(file: JsonValue, env: Variables, path: string): string[] {
  const bindings = isJsonObject(file) && isJsonList(file["bindings"]) ? file["bindings"] : [];
  return bindings.filter(isJsonObject).flatMap((binding) =>
    secretsOfBinding.flatMap(([section, key, what]) => {
      const part = binding[section];
      const name = isJsonObject(part) ? part[key] : undefined;
      if (!variableName.safeParse(name).success || typeof name !== "string" || readSecret(env, name) !== "") return [];
      const owner = typeof binding["name"] === "string" ? ` of binding "${cut(binding["name"], 64)}"` : "";
      return [`${name} is missing: ${path} names it as ${what}${owner}`];
    }),
  );
}

function readSecret(env: Variables, name: string): string {
  return env[name]?.trim() ?? "";
}

function fillSecrets(raw: RawBinding, env: Variables): Binding {
  const { featbit, metrics, rehearsal } = raw;
  return {
    name: raw.name,
    repositories: raw.repositories,
    environment: raw.environment,
    isProduction: raw.production,
    flagKeys: raw.flagKeys,
    dispatchKey: featbit.dispatchKey,
    ...(metrics?.templates === undefined ? {} : { metricTemplates: normaliseMetricTemplates(metrics.templates) }),
    featbit: {
      apiUrl: featbit.apiUrl.replace(/\/$/, ""),
      evaluationUrl: featbit.evaluationUrl.replace(/\/$/, ""),
      streamingUrl: featbit.streamingUrl.replace(/\/$/, ""),
      envId: featbit.envId,
      accessToken: readSecret(env, featbit.accessTokenEnv),
      sdkKey: readSecret(env, featbit.sdkKeyEnv),
      // Optional even when it is named: without it FeatBit's webhooks are refused and the timer looks for drift.
      webhookSecret: featbit.webhookSecretEnv === undefined ? null : (env[featbit.webhookSecretEnv]?.trim() ?? null),
    },
    metrics:
      metrics === undefined
        ? null
        : {
            prometheusUrl: metrics.prometheusUrl,
            token: metrics.tokenEnv === undefined ? null : readSecret(env, metrics.tokenEnv),
          },
    rehearsal:
      rehearsal === undefined
        ? null
        : {
            url: rehearsal.routeUrl,
            timeoutMs: rehearsal.timeout ?? 5_000,
            token: rehearsal.tokenEnv === undefined ? null : readSecret(env, rehearsal.tokenEnv),
          },
  };
}

/** Parses the operator's file. @throws ConfigurationError that lists every mistake with its line. */
export function parseOperatorConfig(path: string, text: string, env: Variables): OperatorConfig {
  const document = parseYaml(path, text);
  if (!document.ok) {
    throw new ConfigurationError(
      document.problems.map((one) => `${one.path}:${one.line}:${one.column}: ${one.message} ${one.fix}`),
    );
  }
  const file = document.value.value;
  const missing = findMissingSecrets(file, env, path);
  const parsed = configSchema.safeParse(file);
  if (!parsed.success) {
    const problems = explainSchemaIssues(document.value, [], file, parsed.error.issues);
    throw new ConfigurationError([
      ...problems.map(
        (one) =>
          `${path}:${one.line}:${one.column}: ${one.message} Expected ${one.expected}, found ${one.found}. ${one.fix}`,
      ),
      ...findOverlaps(listReadable(file), path),
      ...missing,
    ]);
  }
  const wrongMetrics = parsed.data.bindings.flatMap(({ metrics }, index) =>
    checkMetricTemplates(document.value, ["bindings", index, "metrics", "templates"], metrics?.templates ?? {}).map(
      (one) => `${path}:${one.line}:${one.column}: ${one.message} Expected ${one.expected}. ${one.fix}`,
    ),
  );
  const policyBranches = Object.entries(parsed.data.policyBranches ?? {});
  const listed = policyBranches.map(([name]) => name);
  const mistakes = [
    ...wrongMetrics,
    ...findOverlaps(parsed.data.bindings, path),
    ...findUnbound(listed, parsed.data.bindings, path),
    ...missing,
  ];
  const bindings = parsed.data.bindings.map((binding) => fillSecrets(binding, env));
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  const minute = 60_000;
  const { attestations } = parsed.data;
  return {
    bindings,
    sweep: {
      pullRequests: parsed.data.sweep?.pullRequests ?? 10 * minute,
      deliveries: parsed.data.sweep?.deliveries ?? 5 * minute,
      drift: parsed.data.sweep?.drift ?? 5 * minute,
      guardrails: parsed.data.sweep?.guardrails ?? minute,
    },
    requireFloor: parsed.data.requireFloor ?? false,
    policyBranches: new Map(policyBranches.map(([name, branches]) => [name.toLowerCase(), branches])),
    ...(attestations === undefined
      ? {}
      : { attestations: { trustRoots: attestations.trustRoots, issuer: attestations.issuer ?? null } }),
  };
}

/** Reads the operator's file. @throws ConfigurationError when it is missing or wrong. */
export function readOperatorConfig(path: string, env: Variables): OperatorConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new ConfigurationError([
      `${path} cannot be read: set ROUTEWARD_CONFIG to the operator's file (see docs/operation.md)`,
    ]);
  }
  const config = tryReading(() => parseOperatorConfig(path, text, env));
  const settings = findAttestations(path, text);
  const trust = settings === null ? null : tryReading(() => readTrustRoots(settings, path));
  if (config instanceof ConfigurationError || trust instanceof ConfigurationError) throw joinMistakes([config, trust]);
  return trust === null ? config : { ...config, attestationTrust: trust };
}

/** What the file says about attestations, also when something else in it is wrong; null when it says nothing that can be read. */
function findAttestations(path: string, text: string): AttestationSettings | null {
  const document = parseYaml(path, text);
  if (!document.ok || !isJsonObject(document.value.value)) return null;
  const parsed = attestationsSchema.safeParse(document.value.value["attestations"]);
  return parsed.success ? { trustRoots: parsed.data.trustRoots, issuer: parsed.data.issuer ?? null } : null;
}
