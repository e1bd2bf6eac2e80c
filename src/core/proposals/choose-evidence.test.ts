import { expect, it } from "vitest";
import type { EvidenceRecord } from "../evidence/evidence.ts";
import { chooseEvidence } from "./choose-evidence.ts";

const digest = "mrb1:sha256:b";

function makeRecord(id: string, change: Partial<EvidenceRecord> = {}): EvidenceRecord {
  return {
    id,
    kind: "canary-report",
    bundle: digest,
    dataset: null,
    grader: null,
    threshold: null,
    result: null,
    run: null,
    url: null,
    producedAt: "2026-06-01T00:00:00Z",
    producer: null,
    counts: null,
    defects: [],
    format: "native",
    place: { path: `e/${id}.yaml`, line: 1, column: 1 },
    ...change,
  };
}

const wanted = [["offline-eval"], ["ab-result", "canary-report"]];
const offline = makeRecord("eval", { kind: "offline-eval" });

it.each<[string, EvidenceRecord[], string[], { add: string[]; missing: string[][] }]>([
  [
    "of each kind the newest",
    [offline, makeRecord("a"), makeRecord("z", { producedAt: "2026-05-01T00:00:00Z" })],
    [],
    { add: ["a", "eval"], missing: [] },
  ],
  ["what the file names already is not named twice", [offline, makeRecord("a")], ["eval"], { add: ["a"], missing: [] }],
  [
    "of another bundle: nothing",
    [offline, makeRecord("a", { bundle: "mrb1:sha256:c" })],
    ["eval"],
    { add: [], missing: [["ab-result", "canary-report"]] },
  ],
  ["about no bundle: nothing", [makeRecord("a", { bundle: null })], [], { add: [], missing: wanted }],
  ["a run with a defect: nothing", [makeRecord("a", { defects: ["cancelled"] })], [], { add: [], missing: wanted }],
  [
    "of a kind that nobody asks for: nothing",
    [makeRecord("a", { kind: "human-review" })],
    [],
    { add: [], missing: wanted },
  ],
  [
    "an id that YAML reads as something else is left to people",
    [makeRecord("off", { kind: "offline-eval" }), makeRecord("a")],
    [],
    { add: ["a"], missing: [] },
  ],
  ["an id that cannot be written is left to people", [offline, makeRecord("1.5")], ["eval"], { add: [], missing: [] }],
])("%s", (_name, records, named, expected) => {
  expect(chooseEvidence(records, wanted, named, digest)).toEqual(expected);
});

it("a route without a readable candidate gets none", () => {
  expect(chooseEvidence([makeRecord("a", { bundle: null })], wanted, [], null)).toEqual({ add: [], missing: wanted });
});
