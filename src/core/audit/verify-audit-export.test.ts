import { expect, it } from "vitest";
import { type AuditEntry, genesisHash, hashAuditEntry } from "./audit-entry.ts";
import { renderCanonical } from "./canonical-text.ts";
import { verifyAuditExport } from "./verify-audit-export.ts";

function chain(count: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const entry = {
      seq,
      at: `2026-11-23T10:00:0${seq}.000Z`,
      type: "effect.intended",
      subject: "pull/1#2",
      key: seq % 2 === 0 ? null : `key-${seq}`,
      data: { note: `é "${seq}"`, share: 0.05, nested: [null, true] },
      previousHash: entries.at(-1)?.hash ?? genesisHash,
    };
    entries.push({ ...entry, hash: hashAuditEntry(entry) });
  }
  return entries;
}

const lines = chain(4).map(renderCanonical);
const head = { seq: 4, hash: chain(4)[3]?.hash ?? "" };

it("proves an untouched log", () => {
  expect(verifyAuditExport(lines, head)).toEqual([]);
  expect(verifyAuditExport([])).toEqual([]);
});

it("finds one changed byte, whichever byte of whichever line it is", () => {
  for (const [index, line] of lines.entries()) {
    for (let at = 0; at < line.length; at += 1) {
      const other = line[at] === "7" ? "8" : "7";
      const changed = lines.with(index, line.slice(0, at) + other + line.slice(at + 1));
      expect(verifyAuditExport(changed), `line ${index + 1}, byte ${at + 1}`).not.toEqual([]);
    }
  }
});

it.each<[string, string[], string[]]>([
  ["a missing first line is found", lines.slice(1), ["audit-gap"]],
  ["a missing line in the middle is found", lines.toSpliced(1, 1), ["audit-gap"]],
  ["two swapped lines are found", [0, 2, 1, 3].map((at) => lines[at] ?? ""), ["audit-gap", "audit-gap", "audit-gap"]],
  ["a line that stands twice is found", lines.toSpliced(1, 0, lines[0] ?? ""), ["audit-gap"]],
  ["lines cut off at the end are found by a noted head", lines.slice(0, 3), ["audit-end-missing"]],
  ["another spelling of the same data is found", lines.with(0, `${lines[0]} `), ["audit-line-unreadable"]],
  ["text that is no entry is found once", lines.with(2, "{}"), ["audit-line-unreadable"]],
  ["text that is nested without end is found", lines.with(2, "[".repeat(100_000)), ["audit-line-unreadable"]],
])("%s", (_name, given, codes) => {
  expect(verifyAuditExport(given, head).map((finding) => finding.code)).toEqual(codes);
});

it("finds an entry that was changed together with its own hash", () => {
  const entries = chain(4);
  const second = entries[1];
  if (second === undefined) throw new Error("chain too short");
  const forged = { ...second, subject: "pull/1#3" };
  const changed = entries.with(1, { ...forged, hash: hashAuditEntry(forged) }).map(renderCanonical);
  expect(verifyAuditExport(changed, head).map((finding) => finding.code)).toEqual(["audit-chain-broken"]);
});

it("finds a log that was rewritten as a whole only by a head that was noted elsewhere", () => {
  const rewritten = chain(3).map(renderCanonical);
  const noted = { seq: 3, hash: "f".repeat(64) };
  expect(verifyAuditExport(rewritten)).toEqual([]);
  expect(verifyAuditExport(rewritten, noted).map((finding) => finding.code)).toEqual(["audit-head-differs"]);
});

it("can store what strangers write: half surrogate pairs, zero bytes and members named __proto__", () => {
  const text = renderCanonical(JSON.parse('{"b":"\\ud800","a":"\\u0000","__proto__":1}'));
  expect(text).toBe('{"__proto__":1,"a":"\\u0000","b":"\ufffd"}');
  expect(() => renderCanonical({ a: Number.NaN })).toThrow("not plain JSON");
  expect(() => renderCanonical(undefined)).toThrow("not JSON");
});
