import { expect, it } from "vitest";
import { diffTrees } from "./diff-trees.ts";
import type { TreeEntry } from "./facts.ts";

const file = (path: string, oid = "1", mode: TreeEntry["mode"] = "file"): TreeEntry => ({ path, oid, mode, size: 1 });

it.each<[string, TreeEntry[], TreeEntry[], string[]]>([
  ["nothing differs between equal trees, whatever their order", [file("a"), file("b")], [file("b"), file("a")], []],
  ["a new file is added", [], [file("a")], ["added a"]],
  ["a file that is gone is removed", [file("a")], [], ["removed a"]],
  ["other content is a change", [file("a")], [file("a", "2")], ["modified a"]],
  ["a link in place of a file is a change", [file("a")], [file("a", "1", "symlink")], ["modified a"]],
  ["a renamed file is gone in one place and new in the other", [file("b")], [file("a")], ["added a", "removed b"]],
])("%s", (_name, base, head, expected) => {
  expect(diffTrees(base, head).map(({ status, path }) => `${status} ${path}`)).toEqual(expected);
});
