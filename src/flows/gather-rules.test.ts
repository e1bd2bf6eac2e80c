import { expect, it } from "vitest";
import type { FileContent, SourceText, TreeEntry } from "../core/facts.ts";
import type { RepositoryFiles } from "../ports/github.ts";
import { gatherRules } from "./gather-rules.ts";

type Files = Readonly<Record<string, string | FileContent>>;

/** A repository whose branches hold these files, of which the port reads no more than it should. */
function openBranches(branches: Readonly<Record<string, Files>>, complete = true): RepositoryFiles {
  const entriesOf = (branch: string): TreeEntry[] =>
    Object.entries(branches[branch] ?? {}).map(([path, value]) => ({
      path,
      mode: typeof value === "object" && value.kind === "symlink" ? "symlink" : "file",
      oid: `${branch}:${path}`,
      size: typeof value === "string" ? value.length : 1,
    }));
  const contents = new Map(
    Object.entries(branches).flatMap(([branch, files]) =>
      Object.entries(files).map(([path, value]): [string, FileContent] => [
        `${branch}:${path}`,
        typeof value === "string" ? { kind: "text", text: value } : value,
      ]),
    ),
  );
  const port: Partial<RepositoryFiles> = {
    readRepository: () => Promise.resolve({ id: 1, owner: "acme", name: "app", defaultBranch: "main" }),
    readBranch: (name) => Promise.resolve(name in branches ? name : null),
    readTree: (sha) => Promise.resolve({ complete, entries: entriesOf(sha) }),
    readBlobs: (blobs) =>
      Promise.resolve(
        new Map(
          blobs.map(({ oid, size, maxBytes = 256 * 1024 }): [string, FileContent] => [
            oid,
            size > maxBytes ? { kind: "too-large", size } : (contents.get(oid) ?? { kind: "binary" }),
          ]),
        ),
      ),
    readOrganizationFile: () => Promise.resolve(null),
  };
  return port as RepositoryFiles;
}

const [first, second, third] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"] as const;
const text = (path: string, line: string): SourceText => ({ kind: "text", path, text: line });

const long = `* @a\n${"#".repeat(300 * 1024)}`;

it.each<[string, Files, SourceText]>([
  ["in .github before all others", { [third]: "* @c", [second]: "* @b", [first]: "* @a" }, text(first, "* @a")],
  ["at the root before docs", { [third]: "* @c", [second]: "* @b" }, text(second, "* @b")],
  ["in docs when it is nowhere else", { [third]: "* @c" }, text(third, "* @c")],
  ["in .github although it is empty", { [third]: "* @c", [first]: "" }, text(first, "")],
  ["nowhere, when its name is written otherwise", { "docs/codeowners": "* @c" }, { kind: "absent" }],
  ["nowhere, when it stands in another folder", { "src/CODEOWNERS": "* @c" }, { kind: "absent" }],
  [
    "in .github although it is a link: nobody else's lines count then",
    { [second]: "* @b", [first]: { kind: "symlink" } },
    { kind: "unreadable", path: first, why: "it is a symbolic link" },
  ],
  [
    "in .github although it is no text: nobody else's lines count then",
    { [second]: "* @b", [first]: { kind: "not-utf8" } },
    { kind: "unreadable", path: first, why: "it is not UTF-8" },
  ],
  ["although it is larger than a route file may be", { [first]: long }, text(first, long)],
  [
    "and ignored, as GitHub ignores it, at 3 MB",
    { [second]: "* @b", [first]: "#".repeat(3_000_001) },
    { kind: "unreadable", path: first, why: "GitHub ignores one of 3 MB or more" },
  ],
])("CODEOWNERS is found %s", async (_name, files, codeowners) => {
  expect((await gatherRules(openBranches({ main: files }))).codeowners).toEqual(codeowners);
});

it("CODEOWNERS is not called absent where the listing was cut", async () => {
  const { codeowners } = await gatherRules(openBranches({ main: {} }, false));
  expect(codeowners).toMatchObject({ kind: "unreadable", path: first });
});

it("a policy larger than a route file may be is not read", async () => {
  const { policy } = await gatherRules(openBranches({ main: { ".github/routeward.yml": long } }));
  expect(policy).toMatchObject({ kind: "unreadable", why: "it is larger than 256 KiB" });
});

it("rules are those of the default branch, or of the branch that is named", async () => {
  const port = openBranches({ main: { [first]: "* @main" }, release: { [first]: "* @release" } });
  expect((await gatherRules(port)).codeowners).toEqual(text(first, "* @main"));
  expect((await gatherRules(port, "release")).codeowners).toEqual(text(first, "* @release"));
});
