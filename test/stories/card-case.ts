import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { readExample } from "../../src/apps/demo/build-world.ts";
import type { FileContent, Files } from "../../src/simulators/github/control-input.ts";

const replacement = z.tuple([z.string(), z.string()]);

/** What stands at a path: text, nothing (null), or something that a YAML file cannot hold as it is. */
const content = z.union([
  z.string(),
  z.null(),
  z.strictObject({ example: z.string(), replace: z.array(replacement).default([]) }),
  z.strictObject({ symlink: z.string() }),
  z.strictObject({ submodule: z.string() }),
  z.strictObject({ hex: z.string() }),
  z.strictObject({ text: z.string(), repeat: z.string(), times: z.number() }),
]);
const files = z.record(z.string(), content);

const schema = z.strictObject({
  /** The case in a sentence. */
  says: z.string(),
  conclusion: z.enum(["success", "failure", "action_required"]),
  /** Files of the default branch on top of the rules; the case then has a repository of its own. */
  base: files.optional(),
  /** What the pull request changes. With `routes`, that many files of its own flag each are added. */
  head: files.default({}),
  routes: z.number().optional(),
  /** Pushed to the default branch after the branch was made. */
  meanwhile: files.optional(),
  pull: z
    .strictObject({ draft: z.boolean().default(false), to: z.string().optional(), fork: z.boolean().default(false) })
    .prefault({}),
  /** Words of the input that must not be shown anywhere. */
  never: z.array(z.string()).default([]),
});

export type CardCase = z.infer<typeof schema> & { name: string };

const folder = new URL("./cards/", import.meta.url);

/** All cases, sorted by folder. @throws when a case is written wrongly or an example has changed under it */
export function readCardCases(): readonly CardCase[] {
  const names = readdirSync(folder).toSorted();
  return names.map((name) => {
    const value: unknown = parse(readFileSync(new URL(`${name}/case.yaml`, folder), "utf8"));
    return { name, ...schema.parse(value) };
  });
}

export function expectedPath(name: string): URL {
  return new URL(`${name}/expected.md`, folder);
}

function makeContent(given: z.infer<typeof content>): FileContent {
  if (given === null || typeof given === "string") return given;
  if ("symlink" in given) return { mode: "120000", text: given.symlink };
  if ("submodule" in given) return { mode: "160000", text: given.submodule };
  if ("hex" in given) return Buffer.from(given.hex, "hex");
  if ("repeat" in given) return given.text + given.repeat.repeat(given.times);
  return given.replace.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${given.example} holds no "${from}"`);
    return text.replace(from, () => to);
  }, readExample(given.example));
}

export function makeFiles(given: z.infer<typeof files>): Files {
  return Object.fromEntries(Object.entries(given).map(([path, each]) => [path, makeContent(each)]));
}

/** Route files of as many flags. */
export function makeRoutes(count: number): Files {
  const text = readExample("support-answer.yaml");
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `model-routes/support/route-${index}.yaml`,
      text.replace("support_answer_model_route", `support_route_${index}`),
    ]),
  );
}
