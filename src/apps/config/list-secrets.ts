import type { Environment } from "./read-environment.ts";
import type { OperatorConfig } from "./read-operator-config.ts";

/** Every value of the configuration that must never reach a log or an answer. */
export function listSecrets(environment: Environment, operator: OperatorConfig): readonly string[] {
  return [
    environment.privateKey,
    environment.webhookSecret,
    ...operator.bindings.flatMap(({ featbit, metrics }) => [
      featbit.accessToken,
      featbit.sdkKey,
      featbit.webhookSecret ?? "",
      metrics?.token ?? "",
    ]),
    // The password of a database address must not be seen when a driver quotes the address.
    ...(environment.store.kind === "postgres" ? [environment.store.databaseUrl] : []),
  ];
}
