import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

// The last step of `npm run build`: the compiler leaves out what is not TypeScript, and the simulators read their
// contracts from beside their code.
const source = join(import.meta.dirname, "../..");
const target = join(source, "../dist");

for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith(".ts")) continue;
  const from = join(entry.parentPath, entry.name);
  const to = join(target, from.slice(source.length));
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}
