import { expect, it } from "vitest";
import type { ApprovedContent, ApprovedRoute } from "../facts.ts";
import { buildApproved, writeBundle, writeRecord, writeStatus, type Written } from "../verdict/test-builders.ts";
import { rememberApproved } from "./remember-approved.ts";

const exposing = "approved-for-customer-canary";

/** An approved content whose candidate declares this price, and by which it is told apart below. */
function approve(price: number, status: string, changes: Partial<ApprovedRoute> = {}): ApprovedRoute {
  const pricing: Written = { inputPerMTok: price, outputPerMTok: 10 };
  return buildApproved(writeRecord({ ...writeStatus(status), candidate: writeBundle({ pricing }) }), changes);
}

const contentOf = (approved: ApprovedRoute): ApprovedContent => {
  const { path, text, files, audiences, candidateDigest, baselineDigest } = approved;
  return { path, text, files, audiences, candidateDigest, baselineDigest };
};

const [exposed, slower, drafted, rolledBack] = [
  approve(1, exposing),
  approve(1.05, exposing),
  approve(2, "draft"),
  approve(3, "rolled-back"),
];
const withoutCandidate = buildApproved(writeRecord({ ...writeStatus("draft"), candidate: undefined }));
const unreadable = { ...approve(1, exposing), text: "model_change: [" };

it.each<[string, ApprovedRoute | null, ApprovedRoute, readonly ApprovedRoute[], ApprovedRoute | null]>([
  ["nothing before the first approval", null, exposed, [], null],
  ["nothing of an exposure that changed neither price nor latency", exposed, exposed, [], null],
  ["the price from which an exposure made a small move", exposed, slower, [], exposed],
  ["nothing of an exposure for which a large move was judged", exposed, approve(2, exposing), [], null],
  ["the exposure before a draft, and the price before its move", exposed, drafted, [exposed], exposed],
  ["the exposure before a rollback that moves no price", exposed, approve(1, "rolled-back"), [exposed], null],
  [
    "the exposure and the draft before a rollback",
    { ...drafted, earlier: [contentOf(exposed)], anchor: contentOf(exposed) },
    rolledBack,
    [exposed, drafted],
    exposed,
  ],
  [
    "nothing earlier once an exposure is approved again",
    { ...drafted, earlier: [contentOf(exposed)], anchor: contentOf(exposed) },
    approve(2, exposing),
    [],
    null,
  ],
  [
    "an earlier price as long as the moves since are small",
    { ...slower, anchor: contentOf(exposed) },
    approve(1.09, exposing),
    [],
    exposed,
  ],
  [
    "an earlier price also when the last one comes back to it",
    { ...slower, anchor: contentOf(exposed) },
    exposed,
    [],
    exposed,
  ],
  [
    "nothing of an earlier price when the moves add up to a large one",
    { ...slower, anchor: contentOf(exposed) },
    approve(1.2, exposing),
    [],
    null,
  ],
  [
    "a draft without a candidate while drafts follow it",
    withoutCandidate,
    drafted,
    [withoutCandidate],
    withoutCandidate,
  ],
  ["nothing of a draft without a candidate once the first one is exposed", withoutCandidate, exposed, [], null],
  ["no price of a content that cannot be read", unreadable, slower, [], null],
  ["no price for a content that cannot be read, but what was before it", exposed, unreadable, [exposed], null],
])("remembers %s", (_name, before, next, earlier, anchor) => {
  expect(rememberApproved(before, contentOf(next))).toEqual({
    ...(earlier.length === 0 ? {} : { earlier: earlier.map((each) => contentOf(each)) }),
    ...(anchor === null ? {} : { anchor: contentOf(anchor) }),
  });
});

it("remembers twelve drafts, the content before the first of them always", () => {
  let last: ApprovedRoute = exposed;
  for (let price = 101; price <= 120; price += 1) {
    const next = approve(price, "draft");
    last = { ...next, ...rememberApproved(last, contentOf(next)) };
  }
  const prices = (last.earlier ?? []).map(({ text }) => /"inputPerMTok":(\d+)/.exec(text)?.[1]);
  expect(prices).toEqual(["1", "109", "110", "111", "112", "113", "114", "115", "116", "117", "118", "119"]);
});
