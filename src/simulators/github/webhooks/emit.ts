import type { ContractChecker } from "../../contract/contract-checker.ts";
import { renderInstallationReference, wantsEvent } from "../events.ts";
import { renderInstallation, renderOrganization, renderUser } from "../render/render-account.ts";
import { renderRepository } from "../render/render-repository.ts";
import { fullName, isInstalledOn } from "../find-in-world.ts";
import type { EmitScope, Installation, WebhookPayload, World } from "../world.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";

/** Events whose `installation` member is the whole object. */
const wholeInstallation = new Set(["installation", "installation_repositories"]);

function concerns(installation: Installation, scope: EmitScope): boolean {
  if (scope.onlyApp !== undefined && installation.app !== scope.onlyApp) return false;
  if (scope.installation !== undefined) return installation === scope.installation;
  if (scope.repo !== undefined) return isInstalledOn(installation, scope.repo);
  return installation.account === scope.account && installation.suspendedAt === undefined;
}

/** The name of a webhook in GitHub's OpenAPI document. */
export function nameWebhook(event: string, action: unknown): string {
  return [event, ...(typeof action === "string" ? [action] : [])].join("-").replaceAll("_", "-");
}

/** Builds `world.emit`: fills in what every payload carries, checks it, and queues it for each app that wants it. */
export function createEmitter(
  world: World,
  queue: DeliveryQueue,
  contract: ContractChecker | undefined,
  report: (violation: string) => void,
): World["emit"] {
  return (event: string, payload: WebhookPayload, scope: EmitScope) => {
    const { repo } = scope;
    const organization = repo?.owner ?? scope.account;
    const shared: WebhookPayload = {
      ...payload,
      ...(repo === undefined || payload["repository"] !== undefined
        ? {}
        : { repository: renderRepository(world, repo) }),
      ...(organization?.kind === "Organization" ? { organization: renderOrganization(world, organization) } : {}),
      sender: renderUser(world, scope.sender),
    };
    const action = typeof payload["action"] === "string" ? payload["action"] : null;
    for (const installation of world.installations) {
      if (!concerns(installation, scope) || !wantsEvent(installation.app, event)) continue;
      const whole = {
        ...shared,
        installation: wholeInstallation.has(event)
          ? renderInstallation(world, installation)
          : renderInstallationReference(installation),
      };
      // A copy: what happens later must not change what was sent.
      const frozen = JSON.parse(JSON.stringify(whole)) as WebhookPayload;
      for (const violation of contract?.checkWebhook(nameWebhook(event, action), frozen) ?? []) {
        report(`webhook ${nameWebhook(event, action)}: ${violation}`);
      }
      queue.send({
        app: installation.app,
        event,
        action,
        repositoryId: repo?.id ?? null,
        repositoryName: repo === undefined ? undefined : fullName(repo),
        installationId: installation.id,
        payload: frozen,
      });
    }
  };
}
