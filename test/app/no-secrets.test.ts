import { expect, it } from "vitest";
import { openPglite } from "../../src/adapters/store/open-pglite.ts";
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

it("leaves no secret, token, signature or key in the demo's words, its whole log at level trace, or its store", async () => {
  const secrets = new Set<string>();
  const told: string[] = [];
  let log = "";
  let tables = new Map<string, string>();
  const code = await runDemo({
    keep: false,
    colour: false,
    write: (text) => void told.push(text),
    observer: {
      logLevel: "trace",
      begin: (world) => collectSecrets(world, secrets),
      async end(left) {
        ({ log } = left);
        tables = await readStore(left.dataDir);
      },
    },
  });
  expect({ code, told: code === 0 ? "" : told.join("") }).toEqual({ code: 0, told: "" });
  // The search is worth something only if there was much to find and much to search.
  expect([...secrets].filter((secret) => secret.startsWith("ghs_")).length).toBeGreaterThan(0);
  expect([...secrets].filter((secret) => secret.startsWith("eyJ")).length).toBeGreaterThan(0);
  expect(log.split("\n").length).toBeGreaterThan(200);
  expect([...tables.keys()].join()).toMatch(/audit/);
  expect([...tables.values()].join("").length).toBeGreaterThan(100_000);

  expect(findSecrets(told.join(""), secrets)).toEqual([]);
  expect(findSecrets(log, secrets)).toEqual([]);
  for (const [name, text] of tables) expect({ name, found: findSecrets(text, secrets) }).toEqual({ name, found: [] });
}, 900_000);
