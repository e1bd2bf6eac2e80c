import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderSchemaFiles } from "./schema-files.ts";

// Run as `node src/apps/docs/write-schemas.ts` after a schema changed; a test says when that was forgotten.
for (const [path, text] of Object.entries(renderSchemaFiles())) {
  const target = join(import.meta.dirname, "../../..", path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
