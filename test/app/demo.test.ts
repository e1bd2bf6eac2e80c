import { beforeAll, describe, expect, it } from "vitest";
import { openPglite } from "../../src/adapters/store/open-pglite.ts";
import { verifyAuditExport } from "../../src/core/audit/verify-audit-export.ts";
import type { World } from "../../src/apps/demo/build-world.ts";
import { runDemo } from "../../src/apps/demo/run-demo.ts";

/** What looks like a secret, whoever made it. */
const shapes: readonly [name: string, shape: RegExp][] = [
  ["a GitHub token", /gh[pousr]_[A-Za-z0-9]{8,}/],
  ["a JWT", /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/],
  ["a webhook signature", /sha256=[0-9a-f]{16,}/],
  ["a PEM", /-----BEGIN/],
  ["an authorization header", /"authorization"\s*:\s*"(?!\[)[^"]{8,}/i],
];

/** Every secret that the world knows or gave out while it ran. */
function collectSecrets(world: World, into: Set<string>): void {
  for (const secret of world.secrets) {
    into.add(secret);
    // A part of the key is a leak too.
    for (const line of secret.split("\n")) if (line.length >= 24 && !line.startsWith("-----")) into.add(line);
  }
  for (const server of [world.github.server, world.featbit.api, world.featbit.evaluation]) {
    server.watch({
      before: ({ headers }) => {
        const [, credential] = (headers.authorization ?? "").split(" ");
        if ((credential ?? headers.authorization ?? "") !== "") into.add(credential ?? headers.authorization ?? "");
      },
      after: ({ path }, { body }) => {
        if (!path.endsWith("/access_tokens") || typeof body !== "object" || body === null) return;
        if ("token" in body && typeof body.token === "string") into.add(body.token);
      },
    });
  }
}

function findSecrets(text: string, secrets: ReadonlySet<string>): string[] {
  const known = [...secrets].filter((secret) => text.includes(secret)).map(() => "a secret of the world");
  const shaped = shapes.filter(([, shape]) => shape.test(text)).map(([name]) => name);
  return [...known, ...shaped];
}

/** Every row of every table, audit log and jobs included, as text. */
async function readStore(dataDir: string): Promise<Map<string, string>> {
  const opened = await openPglite(dataDir);
  const { pglite } = opened;
  try {
    const { rows } = await pglite.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const tables = new Map<string, string>();
    for (const { name } of rows) {
      const { rows: lines } = await pglite.query<{ line: string }>(`select t::text as line from ${name} t`);
      tables.set(name, lines.map(({ line }) => line).join("\n"));
    }
    return tables;
  } finally {
    await opened.close();
  }
}

const secrets = new Set<string>();
let told = "";
let left = { log: "", service: "", audit: "" };
let tables = new Map<string, string>();

beforeAll(async () => {
  const words: string[] = [];
  const code = await runDemo({
    keep: false,
    colour: false,
    write: (text) => void words.push(text),
    observer: {
      logLevel: "trace",
      begin: (world) => collectSecrets(world, secrets),
      async end(after) {
        left = after;
        tables = await readStore(after.dataDir);
      },
    },
  });
  told = words.join("");
  if (code !== 0) throw new Error(told);
}, 900_000);

it("leaves no secret, token, signature or key in the demo's words, its whole log at level trace, its service's words, or its store", () => {
  // The search is worth something only if there was much to find and much to search.
  expect([...secrets].filter((secret) => secret.startsWith("ghs_")).length).toBeGreaterThan(0);
  expect([...secrets].filter((secret) => secret.startsWith("eyJ")).length).toBeGreaterThan(0);
  expect(left.log.split("\n").length).toBeGreaterThan(200);
  expect(left.service).toContain("answering on");
  expect([...tables.keys()].join()).toMatch(/audit/);
  expect([...tables.values()].join("").length).toBeGreaterThan(100_000);

  expect(findSecrets(told, secrets)).toEqual([]);
  expect(findSecrets(left.log, secrets)).toEqual([]);
  expect(findSecrets(left.service, secrets)).toEqual([]);
  expect(findSecrets(left.audit, secrets)).toEqual([]);
  for (const [name, text] of tables) expect({ name, found: findSecrets(text, secrets) }).toEqual({ name, found: [] });
});

it("leaves an audit log that verifies, and in which every changed byte is noticed", () => {
  const lines = left.audit.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(400);
  expect(verifyAuditExport(lines)).toEqual([]);
  for (const at of [0, Math.floor(lines.length / 3), lines.length - 1]) {
    const line = lines[at] ?? "";
    const place = line.indexOf('"subject":"') + 12;
    const changed = lines.with(at, line.slice(0, place) + (line[place] === "x" ? "y" : "x") + line.slice(place + 1));
    expect(verifyAuditExport(changed).length).toBeGreaterThan(0);
  }
});

describe("the story tells the whole life of a route", () => {
  it.each<[string, RegExp]>([
    ["the first form is judged by what it lacks", /failure - High risk: blocked: the record lacks/],
    ["lowering the tier is refused", /GitHub refuses the merge/],
    ["the shadow answers beside", /212 questions answered by the baseline with the candidate beside, 13 without/],
    ["only the internal audience gets the internal canary", /internal-canary, step 1 +100 % .* 7 of 225 questions/],
    ["a step goes on by itself", /nobody did anything, and the route is at 10 %/],
    ["a slow model rolls the route back", /p95 latency \([\d.]+ is outside <= 2\.5\)/],
    ["back to the baseline is timed", /from the look to the baseline for everyone: \d+ ms/],
    ["the latch holds", /the latch stands above it: the rollout stays "off"/],
    ["the app writes the rollback down", /by routeward\[bot\] writes rolled-back into the file \(Low risk/],
    ["old evidence does not re-enter", /evidence made after it is missing/],
    ["a freeze window holds a step", /customer-canary, step 2 +10 % .* held by freeze window weekend/],
    ["half of everybody compares", /ab-comparison, step 1 +50 % .* 109 of 225 questions .* 7 d in 3 looks/],
    ["the default is served", /asks for default; .* approved by all 6 roles/],
    [
      "the cleanup makes the candidate the baseline",
      /its baseline is now mrb1:sha256:\w+…, which answers all 225 users/,
    ],
    ["one changed byte is found", /With one byte of entry \d+ changed, verification says/],
  ])("%s", (_name, line) => {
    expect(told).toMatch(line);
  });

  it("who is excluded is never served the candidate", () => {
    const rows = told.split("\n").filter((line) => /region unknown|legal review {2}/.test(line));
    expect(rows).toHaveLength(4);
    for (const row of rows) expect(row).not.toContain("candidate");
  });
});
