import { strToU8, Zip, ZipDeflate, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readArtifactText } from "./read-artifact-text.ts";

function zip(files: Record<string, string>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));
}

/** Written as a stream, so that the sizes stand behind each file, as GitHub's upload action writes it. */
function streamedZip(files: Record<string, string>): Uint8Array {
  const chunks: Uint8Array[] = [];
  const archive = new Zip((error, data) => {
    if (error) throw error;
    chunks.push(data);
  });
  for (const [name, text] of Object.entries(files)) {
    const file = new ZipDeflate(name);
    archive.add(file);
    file.push(strToU8(text), true);
  }
  archive.end();
  return new Uint8Array(Buffer.concat(chunks));
}

/** Text that does not compress to nothing. */
const unevenText = Array.from({ length: 20_000 }, (_, index) => Math.imul(index, 2_654_435_761).toString(36)).join("");

describe("the record is taken out of the artifact", () => {
  it.each<[string, Uint8Array, object]>([
    ["by its id with an ending", zip({ "eval-10.json": "ten", "eval-1.json": "one" }), { kind: "text", text: "one" }],
    [
      "by the beginning of a name otherwise",
      zip({ "b.txt": "x", "eval-1-results.json": "one" }),
      { kind: "text", text: "one" },
    ],
    ["in whatever folder it is", zip({ "out/eval-1.xml": "<one/>" }), { kind: "text", text: "<one/>" }],
    [
      "from a zip that was streamed",
      streamedZip({ "a.txt": "a", "eval-1.json": "one ".repeat(50_000) }),
      { kind: "text", text: "one ".repeat(50_000) },
    ],
    ["not when no file bears the id", zip({ "other.json": "x" }), { kind: "none" }],
    ["not when it is no zip", strToU8("hello"), { kind: "none" }],
    ["not when it is empty", new Uint8Array(), { kind: "none" }],
    ["not when it is not UTF-8", zipSync({ "eval-1.json": new Uint8Array([0xff, 0xfe]) }), { kind: "none" }],
    ["not when the zip is cut off", zip({ "eval-1.json": unevenText }).subarray(0, 20_000), { kind: "none" }],
  ])("%s", (_name, bytes, expected) => {
    expect(readArtifactText(bytes, "eval-1")).toMatchObject(expected);
  });

  it("not when it has hundreds of files", () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, "x"]));
    expect(readArtifactText(zip(files), "eval-1")).toMatchObject({
      kind: "none",
      why: "the artifact has too many files",
    });
  });

  it("not when it unpacks to far more than it may", () => {
    const bomb = zipSync({ "eval-1.json": new Uint8Array(40 * 1024 * 1024) });
    expect(bomb.length).toBeLessThan(100_000);
    expect(readArtifactText(bomb, "eval-1")).toMatchObject({ kind: "none", why: "the artifact unpacks to too much" });
  });
});
