import type { Logger } from "pino";
import type { Probot } from "probot";
import { createFlagPort } from "../../adapters/featbit/create-flag-port.ts";
import { createGitHubPort } from "../../adapters/github/create-github-port.ts";
import { createGitHubProbot, type Pace, readGitHubBaseUrl } from "../../adapters/github/probot-octokit.ts";
import { createPrometheusMetrics } from "../../adapters/metrics/create-prometheus-metrics.ts";
import { createRouteProbe } from "../../adapters/route/create-route-probe.ts";
import type { OpenedStore } from "../../adapters/store/open-store.ts";
import type { FlowPorts } from "../../flows/flow-ports.ts";
import type { Environment } from "../config/read-environment.ts";
import type { OperatorConfig } from "../config/read-operator-config.ts";

/** The ports of one process, and what only the app itself uses of them. */
export interface OpenedPorts {
  ports: FlowPorts;
  probot: Probot;
  github: ReturnType<typeof createGitHubPort>;
  /** Closes the FeatBit SDK clients. */
  closeFlags: () => Promise<void>;
}

/** GitHub as the app sees it, without anything of the store. */
export function openGitHub(
  environment: Environment,
  operator: OperatorConfig,
  parts: { log: Logger; now: () => Date; pace?: Pace },
) {
  const { log, now } = parts;
  const baseUrl = readGitHubBaseUrl(environment.gheHost ?? undefined, environment.gheProtocol);
  const { probot, octokitForApp, octokitForInstallation, forgetToken } = createGitHubProbot({
    appId: environment.appId,
    privateKey: environment.privateKey,
    webhookSecret: environment.webhookSecret,
    log: log.child({ part: "github" }, { level: log.level === "debug" || log.level === "trace" ? log.level : "error" }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(parts.pace === undefined ? {} : { pace: parts.pace }),
  });
  const github = createGitHubPort({
    octokitForApp,
    octokitForInstallation,
    forgetToken,
    appId: environment.appId,
    now,
    log: log.child({ part: "github" }),
    ...(operator.attestationTrust === undefined ? {} : { attestationTrust: operator.attestationTrust }),
  });
  return { probot, github, octokitForApp };
}

/** Makes the ports real: GitHub, FeatBit, metrics and an open store. Nothing is asked of the outside yet. */
export function openPorts(
  environment: Environment,
  operator: OperatorConfig,
  parts: { opened: OpenedStore; log: Logger; now: () => Date; pace?: Pace },
): OpenedPorts {
  const { probot, github } = openGitHub(environment, operator, parts);
  const flagPorts = operator.bindings.map((binding) => [binding.name, createFlagPort(binding.featbit)] as const);
  const ports: FlowPorts = {
    github,
    store: parts.opened.store,
    queue: parts.opened.queue,
    flags: new Map(flagPorts),
    metrics: new Map(
      operator.bindings.flatMap((binding) =>
        binding.metrics === null
          ? []
          : [
              [
                binding.name,
                createPrometheusMetrics({
                  baseUrl: binding.metrics.prometheusUrl,
                  ...(binding.metrics.token === null ? {} : { bearerToken: binding.metrics.token }),
                }),
              ] as const,
            ],
      ),
    ),
    routeProbes: new Map(
      operator.bindings.flatMap(({ name, rehearsal }) =>
        rehearsal === null ? [] : [[name, createRouteProbe(rehearsal)] as const],
      ),
    ),
    bindings: operator.bindings.map(
      ({ featbit: _featbit, metrics: _metrics, rehearsal: _rehearsal, ...facts }) => facts,
    ),
    requireFloor: operator.requireFloor,
    policyBranches: operator.policyBranches,
    stopwatch: () => performance.now(),
  };
  return {
    ports,
    probot,
    github,
    closeFlags: async () => {
      await Promise.all(flagPorts.map(([, port]) => port.close()));
    },
  };
}
