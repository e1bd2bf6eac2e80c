import { readFileSync } from "node:fs";
import { z } from "zod";
import { inspectApp, type Grant, type InspectedApp } from "../../adapters/github/inspect-app.ts";
import type { OctokitLike } from "../../adapters/github/octokit-like.ts";
import { parseYaml } from "../../core/yaml/parse-yaml.ts";
import { GitHubError } from "../../ports/github.ts";
import type { Environment } from "../config/read-environment.ts";
import { checkClock } from "./check-clock.ts";
import { fail, pass, warn, type Finding } from "./finding.ts";

const levels = ["read", "write", "admin"];

/** GitHub's schemas of apps and installations do not know this event, so that its absence there tells nothing. */
const untoldEvents = new Set(["deployment_protection_rule"]);

const manifestSchema = z.object({
  default_permissions: z.record(z.string(), z.string()),
  default_events: z.array(z.string()),
});

/** What the app asks for, from `app.yml` three folders up, in `src` and in `dist`. */
export function readManifest(): Grant {
  const text = readFileSync(new URL("../../../app.yml", import.meta.url), "utf8");
  const document = parseYaml("app.yml", text);
  const manifest = manifestSchema.parse(document.ok ? document.value.value : null);
  return { permissions: manifest.default_permissions, events: manifest.default_events };
}

/** Compares what was granted with what is needed; more than that is named too, since it is nobody's need. */
function compareGrant(granted: Grant, needed: Grant): { missing: string[]; more: string[] } {
  const rank = (level: string | undefined): number => levels.indexOf(level ?? "");
  const missing = Object.entries(needed.permissions)
    .filter(([name, level]) => rank(granted.permissions[name]) < rank(level))
    .map(([name, level]) => `${name}: ${level}`);
  const events = needed.events
    .filter((event) => !granted.events.includes(event) && !untoldEvents.has(event))
    .map((event) => `event ${event}`);
  // Operators may add these; docs say what for.
  const known = new Set([...Object.keys(needed.permissions), "attestations"]);
  const more = Object.entries(granted.permissions)
    .filter(
      ([name, level]) =>
        !known.has(name) || (name in needed.permissions && rank(level) > rank(needed.permissions[name])),
    )
    .map(([name, level]) => `${name}: ${level}`)
    .filter((text) => text !== "contents: write");
  return { missing: [...missing, ...events], more };
}

function checkGrant(check: string, subject: string, granted: Grant, needed: Grant, mend: string): Finding {
  const { missing, more } = compareGrant(granted, needed);
  if (missing.length > 0) return fail(check, subject, `not granted: ${missing.join(", ")}`, mend);
  if (more.length > 0)
    return warn(
      check,
      subject,
      `granted beyond need: ${more.join(", ")}`,
      "Take back what docs/github-app.md does not name.",
    );
  return pass(check, subject, `${Object.keys(needed.permissions).length} permissions, ${needed.events.length} events`);
}

function checkHook({ hook }: InspectedApp, publicUrl: string | null): Finding {
  const wanted = publicUrl === null ? null : `${publicUrl.replace(/\/+$/, "")}/api/github/webhooks`;
  const set = "Set it in the app's settings on GitHub";
  if (hook.url === "")
    return fail(
      "github.webhook",
      "app",
      "the webhook has no address",
      `${set}: ${wanted ?? "https://<your host>/api/github/webhooks"}.`,
    );
  if (wanted !== null && hook.url !== wanted)
    return fail(
      "github.webhook",
      "app",
      `the webhook goes to ${hook.url}, not to ${wanted}`,
      `${set}, or mend PUBLIC_URL.`,
    );
  if (!hook.url.endsWith("/api/github/webhooks"))
    return fail("github.webhook", "app", `the webhook goes to ${hook.url}`, `${set}: it ends in /api/github/webhooks.`);
  if (hook.contentType !== "json")
    return fail("github.webhook", "app", "the webhook sends forms", `${set}: content type application/json.`);
  if (hook.isInsecure)
    return warn(
      "github.webhook",
      "app",
      "GitHub does not verify the TLS certificate",
      `${set}: enable SSL verification.`,
    );
  return pass("github.webhook", "app", hook.url);
}

function checkDeliveries({ deliveries }: InspectedApp): Finding {
  const { count, failed, newest } = deliveries;
  if (count === 0)
    return warn(
      "github.deliveries",
      "app",
      "GitHub has sent nothing in the last three days",
      "Open a pull request or use Redeliver, and look again.",
    );
  if (failed === 0)
    return pass("github.deliveries", "app", `the last ${count} arrived, the newest at ${newest ?? "?"}`);
  const share = `${failed} of the last ${count} deliveries did not arrive`;
  const mend =
    "Look at Advanced > Recent deliveries of the app: address, secret, TLS, firewall. The sweep asks for them again.";
  return failed === count
    ? fail("github.deliveries", "app", share, mend)
    : warn("github.deliveries", "app", share, mend);
}

function explainRefusal(error: GitHubError, environment: Environment): Finding {
  const where = environment.gheHost ?? "github.com";
  if (error.kind === "unauthorized" || error.kind === "missing")
    return fail(
      "github.identity",
      "app",
      `${where} does not know app ${environment.appId} with this key`,
      "APP_ID must be the number of the app and PRIVATE_KEY one of its keys; the clock must be right.",
    );
  return fail(
    "github.identity",
    "app",
    `${where} does not answer: ${error.message}`,
    "Check GHE_HOST, GHE_PROTOCOL, DNS, proxy and firewall.",
  );
}

/** Looks at the GitHub App: identity, permissions, events, webhook, deliveries, clock. */
export async function checkApp(
  environment: Environment,
  octokit: () => Promise<OctokitLike>,
  now: () => Date,
): Promise<Finding[]> {
  let app: InspectedApp;
  try {
    app = await inspectApp(octokit, now);
  } catch (error) {
    if (error instanceof GitHubError) return [explainRefusal(error, environment)];
    throw error;
  }
  const needed = readManifest();
  const findings = [
    pass("github.identity", "app", `app ${app.id}, ${app.slug}`),
    checkGrant("github.permissions", "app", app, needed, "Add them under Permissions & events of the app."),
    checkHook(app, environment.publicUrl),
    checkDeliveries(app),
    checkClock("GitHub", environment.gheHost ?? "github.com", app.skewMs),
  ];
  if (app.installations.length === 0)
    findings.push(
      fail("github.installation", "app", "it is installed nowhere", "Install it on the bound repositories."),
    );
  for (const installation of app.installations) {
    const subject = `installation ${installation.account}`;
    findings.push(
      installation.isSuspended
        ? fail("github.installation", subject, "it is suspended", "An owner of the account must unsuspend it.")
        : checkGrant(
            "github.installation",
            subject,
            installation,
            needed,
            "An owner of the account must accept the new permissions of the app.",
          ),
    );
  }
  return findings;
}
