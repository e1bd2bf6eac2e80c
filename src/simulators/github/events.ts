import type { App, Installation } from "./world.ts";

/** The permission an app needs to be sent an event, as facts/github.md lists it. */
const eventPermission: Record<string, string> = {
  pull_request: "pull_requests",
  pull_request_review: "pull_requests",
  issue_comment: "issues",
  issues: "issues",
  merge_group: "merge_queues",
  push: "contents",
  status: "statuses",
  deployment: "deployments",
  deployment_status: "deployments",
  membership: "members",
  workflow_run: "actions",
};

const alwaysSent = new Set(["installation", "installation_repositories", "github_app_authorization"]);

/** Whether an app is sent an event: always, because it writes checks, or because it subscribed and has the permission. */
export function wantsEvent(app: App, event: string): boolean {
  if (alwaysSent.has(event)) return true;
  if (event === "check_run" || event === "check_suite") {
    return (
      app.permissions["checks"] === "write" || (app.events.includes(event) && app.permissions["checks"] === "read")
    );
  }
  const permission = eventPermission[event];
  return app.events.includes(event) && (permission === undefined || app.permissions[permission] !== undefined);
}

/** How most payloads refer to the installation they are sent for. */
export function renderInstallationReference(installation: Installation): { id: number; node_id: string } {
  return { id: installation.id, node_id: `MDIzOkluc3RhbGxhdGlvbg${installation.id}` };
}
