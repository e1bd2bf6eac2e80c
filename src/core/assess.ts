import { applyOperatorMetrics, listOperatorMetrics } from "./guardrails/operator-metrics.ts";
import { parseCodeowners, type ParsedCodeowners } from "./reviewers/parse-codeowners.ts";
import type { ApprovedContent, FileFacts } from "./facts.ts";
import { builtInPolicy } from "./policy/built-in-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import type { Policy } from "./policy/policy.ts";
import { explainUnrecognised } from "./gateways/explain-unrecognised.ts";
import { cut, type Problem } from "./problem.ts";
import { concernsRoute, isRelevant, listRoutePaths, listTouchedPaths, namesEvidence } from "./relevance.ts";
import { checkClaim, findBinding } from "./risk/check-transition.ts";
import type { RouteComparison, RouteContent } from "./risk/route-comparison.ts";
import { checkRouteCount, checkRouteFiles } from "./routes/check-route-files.ts";
import { parseRouteFile } from "./routes/parse-route-file.ts";
import { resolveRoute } from "./routes/resolve-route.ts";
import type { RouteFile } from "./routes/route-file.ts";
import type { Assessment, GovernanceAssessment, RouteAssessment } from "./verdict/assessment.ts";
import { assessGateways, readGateways } from "./verdict/assess-gateway.ts";
import { assessGovernance } from "./verdict/assess-governance.ts";
import { assessRemoval } from "./verdict/assess-removal.ts";
import { assessRoute } from "./verdict/assess-route.ts";
import type { Reason } from "./verdict/verdict.ts";

/**
 * Everything that can be said about a pull request before people are asked: what changed, the tier, who must review, how evidence,
 * guardrails and gates stand (ARCHITECTURE, the walk, step 3). Total: whatever the files hold, there is an assessment, and what cannot
 * be read is a problem or a reason in it.
 */
export function assess(facts: FileFacts, options: { requireFloor?: boolean } = {}): Assessment {
  const parsedPolicy = parsePolicy(facts.policy, facts.floor, options);
  const policy = parsedPolicy.ok ? parsedPolicy.value : { ...builtInPolicy, digest: "unreadable" };
  const complete = facts.changes.complete && facts.base.complete && facts.head.complete;
  const comparison = { policy, changes: facts.changes.files, base: facts.base, head: facts.head, complete };
  const common = { pull: facts.pull, repository: facts.repository, at: facts.at, policy };
  if (!isRelevant(comparison)) {
    const nothing = { routes: [], gateways: [], governance: null, problems: [], reasons: [], ownersToAsk: [] };
    return { ...common, isRelevant: false, ...nothing, skippedOwnerLines: { path: "", lines: [], roleLines: [] } };
  }

  const codeowners = parseCodeowners(facts.codeowners);
  const governance = assessGovernance(facts, policy, codeowners, options);
  const { routes, gateways, problems } = assessRoutes(facts, policy, codeowners);
  const owners = [...routes, ...gateways, ...(governance === null ? [] : [governance])].flatMap((each) =>
    each.requirements.flatMap((requirement) => requirement.owners),
  );
  return {
    ...common,
    isRelevant: true,
    routes,
    gateways,
    governance,
    problems: [...[...parsedPolicy.problems, ...codeowners.problems].map(asHindrance), ...problems],
    reasons: listHindrances(facts, {
      isPolicyRead: parsedPolicy.ok,
      complete,
      routes: [...routes, ...gateways],
      problems,
      governance,
    }),
    skippedOwnerLines: {
      path: codeowners.path,
      lines: codeowners.invalidLines,
      roleLines: codeowners.invalidRoleLines,
    },
    ownersToAsk: [...new Set(owners)].sort(),
  };
}

/**
 * Problems of the rules in force, the organisation's included, are nobody's fault in this pull request: they are shown as warnings, and what
 * they mean for it is a reason of its own.
 */
function asHindrance(problem: Problem): Problem {
  return { ...problem, severity: "warning" };
}

interface Side {
  files: readonly RouteFile[];
  /** Problems of files that gave no route, by path. */
  broken: ReadonlyMap<string, readonly Problem[]>;
}

/** @param gateways files that other gateways read; they are no route files, whatever their name */
function readSide(policy: Policy, snapshot: FileFacts["head"], gateways: ReadonlyMap<string, unknown>): Side {
  const modes = new Map(snapshot.entries.map((entry) => [entry.path, entry.mode]));
  const files: RouteFile[] = [];
  const broken = new Map<string, readonly Problem[]>();
  for (const path of listRoutePaths(policy, snapshot)) {
    if (gateways.has(path)) continue;
    const content = Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
    if (content === undefined) {
      broken.set(path, [sayUnread(path)]);
      continue;
    }
    const parsed = parseRouteFile(path, content, modes.get(path));
    if (parsed.ok) files.push(parsed.value);
    else broken.set(path, parsed.problems.map(explainUnrecognised));
  }
  return { files, broken };
}

function sayUnread(path: string): Problem {
  return {
    path,
    line: 1,
    column: 1,
    code: "file-unread",
    severity: "error",
    message: "The route file could not be read.",
    expected: "a text file of this repository",
    found: "no content",
    fix: "Check again; if it stays, ask the operator of Routeward.",
  };
}

function assessRoutes(
  facts: FileFacts,
  policy: Policy,
  codeowners: ParsedCodeowners,
): Pick<Assessment, "routes" | "gateways" | "problems"> {
  const touched = new Set(listTouchedPaths(facts.changes.files));
  const gatewaysAt = (snapshot: FileFacts["head"]): ReturnType<typeof readGateways> =>
    readGateways(
      snapshot,
      listRoutePaths(policy, snapshot).filter((path) => touched.has(path)),
    );
  const gateways = { base: gatewaysAt(facts.base), head: gatewaysAt(facts.head) };
  const base = readSide(policy, facts.base, gateways.base);
  const head = readSide(policy, facts.head, gateways.head);
  const concernedBefore = base.files.filter((file) => concernsRoute(policy, file, touched));
  const namesBefore = new Set(concernedBefore.map((file) => file.path));
  const concerned = head.files.filter((file) => namesBefore.has(file.path) || concernsRoute(policy, file, touched));
  const brokenHere = [...head.broken].filter(([path]) => touched.has(path) || namesBefore.has(path));

  const present = new Set(head.files.map(keyOf));
  const gone = concernedBefore.filter((file) => !present.has(keyOf(file)) && !head.broken.has(file.path));
  const renamed = new Set(facts.changes.files.map(({ previousPath }) => previousPath));
  // A route that disappears is a decision to review as well; one that only moves is counted once, under its new name.
  const tooMany = checkRouteCount([
    ...new Set([
      ...[...concerned, ...gone].map((file) => file.path),
      ...brokenHere.map(([path]) => path),
      ...gateways.head.keys(),
      ...[...gateways.base.keys()].filter((path) => !renamed.has(path)),
    ]),
  ]);
  if (tooMany !== null) return { routes: [], gateways: [], problems: [tooMany] };

  const together = checkRouteFiles(head.files, facts.head.entries);
  const routes = [
    ...concerned.map((file) => assessOne(file, { facts, policy, codeowners, base, together, touched })),
    ...gone.map((file) => assessGone(file, { facts, policy, codeowners })),
  ];
  return {
    routes: routes.toSorted((a, b) => (a.state.file.path < b.state.file.path ? -1 : 1)),
    // A file that cannot be read any more is a problem already, and not a file that is gone.
    gateways: assessGateways(gateways, facts.changes.files, policy, codeowners).filter(
      (each) => !each.isRemoved || !head.broken.has(each.path),
    ),
    problems: brokenHere.flatMap(([, problems]) => problems),
  };
}

function keyOf({ record }: RouteFile): string {
  return JSON.stringify([record.environment, record.flagKey.toLowerCase()]);
}

interface Surroundings {
  facts: FileFacts;
  policy: Policy;
  codeowners: ParsedCodeowners;
}

/** Stands in for the binding of a route that has none, so that its card can still say everything; it is never approved. */
const strictestBinding = {
  name: "",
  repositories: [],
  environment: "",
  isProduction: true,
  flagKeys: [],
  dispatchKey: "",
};

function assessOne(
  file: RouteFile,
  input: Surroundings & { base: Side; together: readonly Problem[]; touched: ReadonlySet<string> },
): RouteAssessment {
  const { facts, policy, codeowners, base, together, touched } = input;
  const repository = `${facts.repository.owner}/${facts.repository.name}`;
  const formerPaths = facts.changes.files.flatMap(({ path, previousPath }) =>
    path === file.path && previousPath !== null ? [previousPath] : [],
  );
  const found = findBinding(file, repository, facts.bindings);
  const binding = "binding" in found ? found.binding : null;
  const claim = binding === null ? null : checkClaim(file, binding, repository, facts.claims, formerPaths);
  const before = base.files.find((each) => keyOf(each) === keyOf(file));
  const inForce = applyOperatorMetrics(policy, binding, file.record);
  const operatorMetrics = listOperatorMetrics(policy, binding, file.record);
  const assessed = assessRoute(
    {
      state: resolveRoute(file, facts.head),
      binding: binding ?? strictestBinding,
      base: before?.record ?? null,
      ...(binding === null ? { approved: null, earlier: [], anchor: null } : findApproved(file, binding.name, facts)),
      problems: [
        ...("problem" in found ? [found.problem] : []),
        ...(claim === null ? [] : [claim]),
        ...together.filter((problem) => problem.path === file.path),
      ],
      paths: [...new Set([file.path, ...formerPaths])],
      evidenceChanged: [...touched].some((path) => namesEvidence(policy, file.record, path)),
    },
    facts,
    inForce,
    codeowners,
  );
  return { ...assessed, binding, ...(operatorMetrics.length === 0 ? {} : { operatorMetrics }) };
}

function assessGone(file: RouteFile, { facts, policy, codeowners }: Surroundings): RouteAssessment {
  const found = findBinding(file, `${facts.repository.owner}/${facts.repository.name}`, facts.bindings);
  const binding = "binding" in found ? found.binding : null;
  const approved = binding === null ? null : findApproved(file, binding.name, facts).approved;
  return assessRemoval({ state: resolveRoute(file, facts.base), binding, approved }, facts, policy, codeowners);
}

/** The last approved content of a flag, and what was approved before it since exposure was last approved. */
function findApproved(
  file: RouteFile,
  binding: string,
  facts: FileFacts,
): Pick<RouteComparison, "approved" | "earlier" | "anchor"> {
  const key = file.record.flagKey.toLowerCase();
  const found = facts.approved.find((each) => each.binding === binding && each.flagKey.toLowerCase() === key);
  const earlier = (found?.earlier ?? []).flatMap((content) => readContent(content) ?? []);
  return { approved: readContent(found), earlier, anchor: readContent(found?.anchor) };
}

/** Content that no longer parses counts as none: then everything is new. */
function readContent(content: ApprovedContent | undefined): RouteContent | null {
  if (content === undefined) return null;
  const parsed = parseRouteFile(content.path, { kind: "text", text: content.text });
  if (!parsed.ok) return null;
  const { baselineDigest, candidateDigest, files, audiences } = content;
  return { state: { file: parsed.value, baselineDigest, candidateDigest, files, problems: [] }, audiences };
}

interface Findings {
  isPolicyRead: boolean;
  complete: boolean;
  routes: readonly unknown[];
  problems: readonly Problem[];
  governance: GovernanceAssessment | null;
}

/** What stands against the pull request as a whole (SPEC 3, 7). */
function listHindrances(facts: FileFacts, findings: Findings): readonly Reason[] {
  const { pull, repository } = facts;
  const reasons: Reason[] = [];
  const report = (code: string, state: Reason["state"], text: string): void => {
    reasons.push({ code, state, text, place: null, children: [] });
  };
  const hasRoutes = findings.routes.length > 0 || findings.problems.length > 0;
  if (!findings.isPolicyRead && hasRoutes) {
    report(
      "policy-unreadable",
      "blocked",
      "the rules in force cannot be read, so nothing can be approved by them; mend the policy first",
    );
  }
  if (!findings.complete) {
    report(
      "listing-incomplete",
      "blocked",
      "GitHub listed only a part of the files, so nothing can be concluded; split the pull request",
    );
  }
  if (pull.baseRef !== repository.defaultBranch && (hasRoutes || findings.governance !== null)) {
    const [base, main] = [cut(pull.baseRef, 100), cut(repository.defaultBranch, 100)];
    const own = facts.policyBranch;
    if (own === undefined)
      report(
        "other-branch",
        "waiting",
        `this pull request goes to ${base}; only ${main} moves flags, and only its rules judge`,
      );
    else if (own.isGuarded)
      report(
        "policy-branch",
        "info",
        `judged by the rules of ${base}; no flag moves before this is approved on ${main} too`,
      );
    else
      report(
        "other-branch",
        "waiting",
        `this pull request goes to ${base}, whose rules may judge only while ${base} requires routeward/approval from this app`,
      );
  }
  if (pull.merged) return reasons;
  if (facts.hasConflicts) {
    report(
      "conflicts",
      "blocked",
      "it conflicts with its base branch, so what would be merged is not known; resolve the conflicts",
    );
  }
  if (pull.isDraft)
    report("draft-pull-request", "waiting", "it is a draft; reviewers are asked when it is ready for review");
  return reasons;
}
