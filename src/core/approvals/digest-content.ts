import { createHash } from "node:crypto";
import { renderCanonical } from "../audit/canonical-text.ts";
import type { JsonValue } from "../json.ts";
import type { ReviewRequirement } from "../reviewers/requirement.ts";

/** Everything that a review of one route is bound to (SPEC 7). What is not in here may change under an approval. */
export interface ReviewedContent {
  /** The route record's meaning: without its words, comments and layout. */
  route: JsonValue;
  /** Digests of the repository files that it names, by path; null when one cannot be read. */
  files: Readonly<Record<string, string | null>>;
  /** Digests of the evidence that the verdict needs, by id. An extra record is not in here, so that it keeps approvals. */
  evidence: Readonly<Record<string, string | null>>;
  policy: string;
  /** See `ownerLinesUsed`. */
  owners: readonly string[];
}

/**
 * Digest of what is judged, `sha256:<hex>` over canonical JSON. A review counts while the digest it was given for is the
 * digest of now, so that commits, rebases and unrelated pushes do not matter.
 */
export function digestContent(content: ReviewedContent): string {
  const { route, files, evidence, policy } = content;
  const owners = [...content.owners].sort();
  const text = renderCanonical({ scheme: "review-1", route, files, evidence, policy, owners });
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Each required role with its count and owners, in texts that do not change when CODEOWNERS lines only move. */
export function ownerLinesUsed(requirements: readonly ReviewRequirement[]): readonly string[] {
  return requirements.map(({ role, count, owners }) => `${role} ${count} ${[...owners].sort().join(" ")}`);
}
