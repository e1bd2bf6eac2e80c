import { createLog } from "../bot/create-log.ts";
import { openGitHub } from "../bot/open-ports.ts";
import { maskSecrets } from "../bot/create-log.ts";
import { listSecrets } from "../config/list-secrets.ts";
import { readConfiguration } from "../config/read-configuration.ts";
import { ConfigurationError } from "../config/read-environment.ts";
import { checkApp } from "./check-app.ts";
import { checkBinding } from "./check-binding.ts";
import { checkRepository } from "./check-repository.ts";
import { checkStore } from "./check-store.ts";
import { fail, pass, type Finding } from "./finding.ts";

type Variables = Readonly<Record<string, string | undefined>>;

function readOr(env: Variables): ReturnType<typeof readConfiguration> | Finding[] {
  try {
    return readConfiguration(env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.mistakes.map((mistake) =>
      fail("configuration", "environment and file", mistake, "docs/operation.md has every variable and key."),
    );
  }
}

/**
 * Examines the installation with the environment and file that `routeward serve` would read (SPEC 16). Nothing is changed anywhere.
 * Every check is made that the ones before it leave possible.
 */
export async function examine(env: Variables, now: () => Date): Promise<readonly Finding[]> {
  const read = readOr(env);
  if (Array.isArray(read)) return read;
  const { environment, operator } = read;
  const secrets = listSecrets(environment, operator);
  const log = createLog({ level: "silent", secrets });
  const { github, octokitForApp } = openGitHub(environment, operator, { log, now, pace: environment.githubPace });
  const repositories = [...new Set(operator.bindings.flatMap((binding) => binding.repositories))].toSorted();
  const [store, app, bindings] = await Promise.all([
    checkStore(environment),
    checkApp(environment, octokitForApp, now),
    Promise.all(operator.bindings.map((binding) => checkBinding(binding, now))),
  ]);
  // Where the app itself is unknown, each repository would only say so again.
  const isKnown = app.every(({ check, state }) => check !== "github.identity" || state === "ok");
  const ofRepositories: Finding[] = [];
  if (isKnown)
    for (const name of repositories)
      ofRepositories.push(...(await checkRepository(name, github, environment.appId, operator)));
  const count = operator.bindings.length;
  return [
    pass(
      "configuration",
      environment.configPath,
      `environment and file are readable, ${count} binding${count === 1 ? "" : "s"}`,
    ),
    store,
    ...app,
    ...ofRepositories,
    ...bindings.flat(),
  ].map((one) => ({
    ...one,
    // A service may quote what it was sent.
    found: maskSecrets(one.found, secrets),
    mend: one.mend === null ? null : maskSecrets(one.mend, secrets),
  }));
}
