import {
  inspectEnvironment,
  readServerDate,
  tryConnecting,
  type Answered,
  type InspectedEnvironment,
} from "../../adapters/featbit/inspect-environment.ts";
import { readKeyEnvironment } from "../../adapters/featbit/read-key-environment.ts";
import { createFlagPort } from "../../adapters/featbit/create-flag-port.ts";
import { readSkew } from "../../adapters/github/inspect-app.ts";
import { createPrometheusMetrics } from "../../adapters/metrics/create-prometheus-metrics.ts";
import { matchesKey } from "../../core/risk/check-transition.ts";
import { FeatBitError } from "../../ports/featbit.ts";
import type { Binding } from "../config/read-operator-config.ts";
import { leastPrivilege } from "../featbit-permissions.ts";
import { checkClock } from "./check-clock.ts";
import { fail, pass, warn, type Finding } from "./finding.ts";

const sdkPatienceMs = 8_000;
const askedFlags = 20;

/** The statements that the binding's token needs, as somebody pastes them into FeatBit. */
function renderStatements(binding: Binding, named: InspectedEnvironment["named"]): string {
  const statements = leastPrivilege(
    named?.project ?? "<project key>",
    named?.environment ?? "<environment key>",
    binding.flagKeys,
  );
  return statements
    .map(({ resourceType, actions, resources }) => `${resourceType} ${actions.join("+")} on ${resources.join(", ")}`)
    .join("; ");
}

function checkRight(binding: Binding, what: string, answered: Answered, named: InspectedEnvironment["named"]): Finding {
  const check = "featbit.rights";
  const mend = `Give the service token these statements: ${renderStatements(binding, named)}.`;
  if (answered === "allowed") return pass(check, binding.name, `the token may ${what}`);
  return answered === "refused"
    ? fail(check, binding.name, `the token may not ${what}`, mend)
    : warn(check, binding.name, `whether the token may ${what} cannot be told from FeatBit's answer`, mend);
}

function checkEnvironment(binding: Binding, seen: InspectedEnvironment): Finding[] {
  const { name } = binding;
  const unproven =
    "whether the token may toggle, retarget, archive and delete flags cannot be told without writing; the first rehearsal proves it";
  const actors = (seen.actors ?? []).map(({ name: actor, changes }) => `${actor} (${changes})`).join(", ");
  return [
    seen.named === null
      ? fail(
          "featbit.environment",
          name,
          `the token sees no environment ${binding.featbit.envId}`,
          `envId is the id in the address of the environment's page in FeatBit; the token needs CanAccessProject and CanAccessEnv there.`,
        )
      : pass("featbit.environment", name, `project ${seen.named.project}, environment ${seen.named.environment}`),
    checkRight(binding, "read flags (CanAccessEnv)", seen.canRead, seen.named),
    checkRight(binding, "create flags (CreateFlag)", seen.canCreate, seen.named),
    ...(seen.canTarget === "refused" && seen.canRead === "allowed"
      ? [fail("featbit.version", name, "the server lets no token write targeting", "Update FeatBit to 5.3.3 or later.")]
      : [pass("featbit.version", name, "the server lets tokens write targeting")]),
    warn(
      "featbit.rights",
      name,
      unproven,
      `Rehearse (\`routeward rehearse ${name} FLAGKEY\`), with these statements: ${renderStatements(binding, seen.named)}.`,
    ),
    warn(
      "featbit.editors",
      name,
      `who else may edit the flags is unknown: policies are not shown to this token${actors === "" ? "" : `; lately flags were changed by ${actors}`}`,
      "Review members, policies and access tokens in FeatBit: any active token can change any flag whose environment id is known.",
    ),
  ];
}

async function checkPending(binding: Binding, flagKeys: readonly string[]): Promise<Finding> {
  const check = "featbit.pending-changes";
  const own = flagKeys
    .filter((key) => binding.flagKeys.some((pattern) => matchesKey(pattern, key)))
    .slice(0, askedFlags);
  const port = createFlagPort(binding.featbit);
  try {
    const waiting: string[] = [];
    for (const key of own) if ((await port.countPendingChanges(key)) > 0) waiting.push(key);
    return waiting.length === 0
      ? pass(check, binding.name, `none on ${own.length} flags of the binding`)
      : warn(
          check,
          binding.name,
          `schedules or change requests wait on ${waiting.join(", ")}: their rollouts hold`,
          "Apply or remove them in FeatBit.",
        );
  } catch (error) {
    if (!(error instanceof FeatBitError)) throw error;
    return warn(
      check,
      binding.name,
      error.message,
      "Routeward looks for them before each write and holds without an answer.",
    );
  } finally {
    await port.close();
  }
}

function explainFailure(binding: Binding, error: FeatBitError): Finding {
  if (error.kind === "unauthorized")
    return fail(
      "featbit.token",
      binding.name,
      "FeatBit does not accept the access token",
      "The variable that accessTokenEnv names must hold an active service token, bare, beginning with api-.",
    );
  return fail(
    "featbit.reachable",
    binding.name,
    `${binding.featbit.apiUrl} does not answer as FeatBit does: ${error.message}`,
    "Check apiUrl (the management API, without /api/v1), DNS, proxy and firewall.",
  );
}

async function checkManagement(binding: Binding): Promise<Finding[]> {
  try {
    const seen = await inspectEnvironment(binding.featbit);
    return [
      pass("featbit.token", binding.name, "FeatBit accepts the access token"),
      ...checkEnvironment(binding, seen),
      await checkPending(binding, seen.flagKeys),
    ];
  } catch (error) {
    if (error instanceof FeatBitError) return [explainFailure(binding, error)];
    throw error;
  }
}

async function checkSdk(binding: Binding): Promise<Finding> {
  const check = "featbit.sdk-key";
  const { sdkKey, envId, streamingUrl } = binding.featbit;
  const of = readKeyEnvironment(sdkKey);
  const copy =
    "Copy the server SDK key from the settings of the same environment into the variable that sdkKeyEnv names.";
  if (of === null) return fail(check, binding.name, "the SDK key has not the form of one", copy);
  if (of.toLowerCase() !== envId.toLowerCase())
    return fail(check, binding.name, `the SDK key belongs to environment ${of}, not to ${envId}`, copy);
  return (await tryConnecting(binding.featbit, sdkPatienceMs))
    ? pass(check, binding.name, "the FeatBit SDK connects and gets the environment's flags")
    : fail(
        check,
        binding.name,
        `the FeatBit SDK gets nothing from ${streamingUrl} within ${sdkPatienceMs / 1000} s`,
        `Check streamingUrl and clocks (at most 30 s apart), and that it is the server key, not the client key. ${copy}`,
      );
}

async function checkMetrics(binding: Binding, now: Date): Promise<Finding> {
  const check = "metrics.source";
  if (binding.metrics === null)
    return warn(
      check,
      binding.name,
      "the binding has no metrics: no guardrail passes and nothing soaks",
      "Add metrics.prometheusUrl to the binding.",
    );
  const { prometheusUrl, token } = binding.metrics;
  const source = createPrometheusMetrics({ baseUrl: prometheusUrl, ...(token === null ? {} : { bearerToken: token }) });
  const query = {
    guardrail: "doctor",
    variation: "baseline" as const,
    numerator: null,
    denominator: null,
    samples: null,
  };
  const [measured] = await source.measure([{ ...query, value: "vector(1)" }], now.toISOString());
  if (measured === undefined || measured.outcome.kind === "error") {
    const why = measured?.outcome.kind === "error" ? measured.outcome.why : "no answer";
    return fail(
      check,
      binding.name,
      `${prometheusUrl} does not answer a query: ${why}`,
      "Check prometheusUrl (without /api/v1), its token, DNS and firewall.",
    );
  }
  return pass(check, binding.name, `${prometheusUrl} answers a query`);
}

/** Looks at one binding: FeatBit's API, token and rights, SDK key, clocks, metrics. */
export async function checkBinding(binding: Binding, now: () => Date): Promise<Finding[]> {
  const [management, sdk, metrics, date] = await Promise.all([
    checkManagement(binding),
    checkSdk(binding),
    checkMetrics(binding, now()),
    readServerDate(binding.featbit.evaluationUrl),
  ]);
  return [...management, sdk, checkClock("FeatBit", binding.name, readSkew(date, now())), metrics];
}
