import { digestContent, ownerLinesUsed } from "../approvals/digest-content.ts";
import type { ChangedPath, Snapshot } from "../facts.ts";
import { compareGateways, listNewProblems } from "../gateways/compare-gateways.ts";
import type { GatewayFile } from "../gateways/gateway-route.ts";
import { readGateway, recogniseGateway } from "../gateways/recognise-gateway.ts";
import type { Policy } from "../policy/policy.ts";
import type { ParsedCodeowners } from "../reviewers/parse-codeowners.ts";
import { requireReviews } from "../reviewers/require-reviews.ts";
import type { GatewayAssessment } from "./assessment.ts";

/** The gateway's file that a commit holds under a path; null when there is none, or something else. */
export function readGatewayAt(snapshot: Snapshot, path: string): GatewayFile | null {
  const mode = snapshot.entries.find((entry) => entry.path === path)?.mode;
  const content = Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
  if (content?.kind !== "text" || (mode !== "file" && mode !== "executable")) return null;
  const recognised = recogniseGateway(path, content.text);
  return recognised === null ? null : readGateway(recognised);
}

/** The gateway's file under each of these paths that holds one. */
export function readGateways(snapshot: Snapshot, paths: readonly string[]): ReadonlyMap<string, GatewayFile> {
  return new Map(
    paths.flatMap((path) => {
      const file = readGatewayAt(snapshot, path);
      return file === null ? [] : [[path, file] as const];
    }),
  );
}

/**
 * Assesses the gateways' files that a pull request touches, as routes: tier and roles like those of route files, and no stages, evidence
 * or flags, because nothing of ours moves them (docs/gateway-files.md). Sorted by path.
 * @param base the files before, by their old names, and `head` after
 */
export function assessGateways(
  sides: { base: ReadonlyMap<string, GatewayFile>; head: ReadonlyMap<string, GatewayFile> },
  changes: readonly ChangedPath[],
  policy: Policy,
  codeowners: ParsedCodeowners,
): readonly GatewayAssessment[] {
  const { base, head } = sides;
  const origins = new Map(
    changes.flatMap(({ path, previousPath }) => (previousPath === null ? [] : [[path, previousPath] as const])),
  );
  const kept = new Set<string>();
  const present = [...head].map(([path, file]) => {
    const origin = base.has(path) ? path : (origins.get(path) ?? path);
    const before = base.get(origin) ?? null;
    if (before !== null) kept.add(origin);
    const formerPaths = origins.has(path) ? [origins.get(path) ?? path] : [];
    return assessOne({ before, after: file, path, paths: [path, ...formerPaths] }, policy, codeowners);
  });
  const gone = [...base]
    .filter(([path]) => !kept.has(path))
    .map(([path, file]) => assessOne({ before: file, after: null, path, paths: [path] }, policy, codeowners));
  return [...present, ...gone].sort((a, b) => (a.path === b.path ? 0 : a.path < b.path ? -1 : 1));
}

interface GatewayInput {
  before: GatewayFile | null;
  after: GatewayFile | null;
  path: string;
  /** The name after the change first. */
  paths: readonly string[];
}

function assessOne(input: GatewayInput, policy: Policy, codeowners: ParsedCodeowners): GatewayAssessment {
  const { before, after, path, paths } = input;
  const { routes, classification } = compareGateways(before, after, path, policy);
  const requirements = requireReviews({
    classification,
    route: { stage: null, reviewers: [] },
    policy,
    codeowners,
    paths,
  });
  const problems = after === null ? [] : listNewProblems(before, after);
  const isJudged = problems.every(({ severity }) => severity !== "error");
  const content = {
    route: { gateway: after?.digest ?? "removed", before: after === null ? (before?.digest ?? null) : null },
    files: {},
    evidence: {},
    policy: policy.digest,
    owners: ownerLinesUsed(requirements),
  };
  return {
    path,
    kind: after?.kind ?? before?.kind ?? "litellm",
    isRemoved: after === null,
    routes,
    classification,
    requirements,
    problems,
    contentKey: after === null ? `${path}#gateway-removed` : path,
    contentDigest: isJudged ? digestContent(content) : null,
  };
}
