import type { EvidenceFinding } from "../evidence/evidence.ts";
import { nameOfKind } from "../gateways/gateway-route.ts";
import type { GatewayRouteChange } from "../gateways/compare-gateways.ts";
import type { OperatorMetric } from "../guardrails/operator-metrics.ts";
import type { GuardrailFinding } from "../guardrails/judgement.ts";
import type { Problem } from "../problem.ts";
import type { RequirementState } from "../reviewers/requirement.ts";
import type { Classification } from "../risk/fired-rule.ts";
import type { BundleRow } from "../verdict/compare-rows.ts";
import type { PolicyEffects } from "../verdict/describe-effect.ts";
import type { GatewayVerdict, GovernanceVerdict, ReviewFinding, RouteVerdict, Verdict } from "../verdict/verdict.ts";

/** How a line of the card stands; every surface has its own sign for it. */
export type Mark = "ok" | "waiting" | "bad" | "note";

/** A piece of text and who wrote it: `own` is ours, `code` and `text` hold what others wrote and are escaped by the surface. */
export type Piece = { own: string } | { code: string } | { text: string };

export type Block =
  | { kind: "line"; mark: Mark | null; pieces: readonly Piece[] }
  | { kind: "table"; head: readonly string[]; rows: readonly (readonly (readonly Piece[])[])[] };

export interface Section {
  title: string;
  blocks: readonly Block[];
  /** Long parts are folded where the surface can fold. */
  isFolded: boolean;
}

/** The card as plain structure: the check run, the terminal and the dashboard render the same one (SPEC 11). */
export interface Card {
  next: readonly string[];
  routes: readonly { flagKey: string; state: string; sections: readonly Section[] }[];
  gateways: readonly Section[];
  governance: readonly Section[];
  problems: readonly Problem[];
  /** Reasons of the pull request as a whole. */
  reasons: readonly string[];
}

/** Puts a verdict into the order in which a reviewer reads it. */
export function composeCard(verdict: Verdict): Card {
  return {
    next: verdict.next,
    routes: verdict.routes.map((route) => ({
      flagKey: route.flagKey,
      state: route.state,
      sections: composeRoute(route),
    })),
    gateways: verdict.gateways.flatMap(composeGateway),
    governance:
      verdict.governance === null
        ? []
        : [...composeGovernance(verdict.governance), ...composeEffects(verdict.policyEffects)],
    problems: [
      ...verdict.problems,
      ...(verdict.governance?.problems ?? []),
      ...[...verdict.routes, ...verdict.gateways].flatMap((each) => each.problems),
    ],
    reasons: verdict.reasons
      .filter((reason) => reason.state !== "ok" && reason.state !== "info")
      .map((reason) => reason.text),
  };
}

const own = (text: string): Piece => ({ own: text });
const code = (text: string): Piece => ({ code: text });
const text = (value: string): Piece => ({ text: value });
const line = (mark: Mark | null, ...pieces: Piece[]): Block => ({ kind: "line", mark, pieces });

function composeRoute(route: RouteVerdict): readonly Section[] {
  return [
    section("Baseline and candidate", composeBundles(route)),
    section("Workflow and audience", composeAudience(route)),
    section(`Risk: ${route.classification.tier}`, composeRisk(route.classification)),
    section("Evidence", composeEvidence(route.evidence)),
    section("Guardrails", composeGuardrails(route.guardrails, route.operatorMetrics ?? [])),
    section("Rollback", [
      line(null, own("returns to "), code(route.rollback.value)),
      line(null, own("owner: "), route.rollback.owner === null ? own("not named") : text(route.rollback.owner)),
      line(null, own("rehearsal: "), text(route.rollback.rehearsal)),
    ]),
    section("Required reviewers", composeReviewers(route.requirements, route.reviews)),
    section("Stage", composeStage(route)),
    section("Audit and cleanup", [
      ...Object.entries(route.audit).map(([name, link]) => line(null, text(name), own(": "), code(link))),
      line(null, own("cleanup: "), text(route.cleanup)),
      ...(route.contentDigest === null ? [] : [line(null, own("reviews are bound to "), code(route.contentDigest))]),
    ]),
    ...(route.later.length === 0 ? [] : [section("What later stages will need", composeLater(route), true)]),
  ];
}

function section(title: string, blocks: readonly Block[], isFolded = false): Section {
  return { title, blocks, isFolded };
}

function composeBundles(route: RouteVerdict): readonly Block[] {
  const cell = (value: string | null): readonly Piece[] => (value === null ? [own("–")] : [code(value)]);
  const row = (each: BundleRow): readonly (readonly Piece[])[] => [
    [...(each.differs ? [own("▸ ")] : []), code(each.field)],
    cell(each.baseline),
    cell(each.candidate),
  ];
  const changed = route.rows.filter((each) => each.differs);
  const same = route.rows.filter((each) => !each.differs);
  return [
    { kind: "table", head: ["", "baseline", "candidate"], rows: [...changed, ...same].map(row) },
    line(null, own("candidate digest: "), route.candidateDigest === null ? own("none") : code(route.candidateDigest)),
  ];
}

function composeAudience({ workflow, owner, environment, exposure, path }: RouteVerdict): readonly Block[] {
  return [
    line(null, own("workflow: "), workflow === null ? own("not named") : text(workflow)),
    line(null, own("owner: "), text(owner), own(", environment: "), text(environment), own(", file: "), code(path)),
    line(null, own("audience: "), text(exposure.audience), own(", share: "), text(exposure.share)),
    line(
      null,
      own("excluded: "),
      ...(exposure.excluded.length === 0 ? [own("nobody")] : [text(exposure.excluded.join(", "))]),
    ),
  ];
}

function composeRisk({ fired }: Classification): readonly Block[] {
  const rows = fired.map((rule) => [
    [own(rule.tier)],
    [code(rule.id)],
    [text(rule.sentence)],
    [code(`${rule.place.path}:${rule.place.line}`)],
  ]);
  return [{ kind: "table", head: ["tier", "rule", "what was found", "line"], rows }];
}

function composeEvidence(findings: readonly EvidenceFinding[]): readonly Block[] {
  if (findings.length === 0) return [line("note", own("none is named"))];
  const rows = findings.map((each) => {
    const { record } = each;
    const measured: [string, string | null | undefined][] = [
      ["dataset", record?.dataset?.name],
      ["scorer", record?.grader],
      ["threshold", record?.threshold],
      ["run", record?.run],
    ];
    const run = measured.flatMap(([name, value]) => (value ? [own(`, ${name} `), text(value)] : []));
    return [
      [code(each.id)],
      [own(each.kind ?? "unknown")],
      [own(each.trust ?? "none")],
      [own(each.state === "counts" ? "counts" : each.state === "missing" ? "missing" : "does not count")],
      [text(each.why.join("; ")), ...run],
    ];
  });
  return [{ kind: "table", head: ["id", "kind", "trust", "verdict", "why"], rows }];
}

function composeGuardrails(
  findings: readonly GuardrailFinding[],
  operatorMetrics: readonly OperatorMetric[],
): readonly Block[] {
  const ofOperator = operatorMetrics.map(({ name, digest, isReplacing }) =>
    line(
      isReplacing ? "note" : null,
      own("metric "),
      code(name),
      own(": the operator's template "),
      code(digest.slice(0, 19)),
      ...(isReplacing ? [own(", which goes before the policy's of the same name")] : []),
    ),
  );
  if (findings.length === 0) return [line("note", own("none is declared")), ...ofOperator];
  const number = (value: number | null): Piece => own(value === null ? "–" : String(Number(value.toPrecision(4))));
  const rows = findings.map((each) => {
    const bounds = [each.guardrail.threshold?.text, each.guardrail.margin?.text].filter((bound) => bound !== undefined);
    return [
      [text(each.guardrail.name)],
      [own(each.guardrail.category)],
      [text(bounds.join(" and "))],
      [number(each.candidate)],
      [number(each.baseline)],
      [own(each.outcome)],
      [text(each.why)],
    ];
  });
  return [
    { kind: "table", head: ["guardrail", "category", "threshold", "candidate", "baseline", "outcome", "why"], rows },
    ...ofOperator,
  ];
}

function composeReviewers(states: readonly RequirementState[], reviews: readonly ReviewFinding[]): readonly Block[] {
  const marks: Readonly<Record<RequirementState["state"], Mark>> = {
    approved: "ok",
    waiting: "waiting",
    "changes-requested": "bad",
    "missing-owner": "bad",
  };
  const roles = states.map(({ requirement, state, explanation }) =>
    line(
      marks[state],
      text(requirement.role),
      own(requirement.count > 1 ? ` (${requirement.count} approvals): ` : ": "),
      text(explanation),
      own(" – for: "),
      text(requirement.focus),
      own("; because of "),
      text(requirement.because.join(", ")),
      own("; from "),
      text(requirement.source),
    ),
  );
  const without = reviews.filter((review) => !review.counts);
  return [
    ...(roles.length === 0 ? [line("bad", own("nobody could be determined"))] : roles),
    ...without.map((review) =>
      line("note", own("review of "), code(review.login), own(" does not count: "), text(review.why)),
    ),
  ];
}

function composeStage(route: RouteVerdict): readonly Block[] {
  const { live, latch, outcome } = route;
  const liveText =
    live === null
      ? "nothing"
      : live.stage === null
        ? "baseline to everyone"
        : `${live.stage}, step ${live.step + 1}, ${live.share} %${live.paused === null ? "" : ", paused"}`;
  const marks: Readonly<Record<string, Mark>> = { ok: "ok", waiting: "waiting", blocked: "bad" };
  return [
    line(
      null,
      own("live: "),
      text(liveText),
      own("; asked: "),
      text(`${route.asked ?? "none"} (status ${route.status})`),
    ),
    ...(outcome === undefined
      ? []
      : [line(null, own("outcome: "), code(outcome.decision), own(", "), text(outcome.reason))]),
    ...(latch === null ? [] : [line("bad", own("rolled back "), text(`${latch.at} by ${latch.by}: ${latch.reason}`))]),
    ...route.gates.map((gate) => line(marks[gate.state] ?? "note", code(gate.gate), own(": "), text(gate.text))),
  ];
}

function composeLater(route: RouteVerdict): readonly Block[] {
  return route.later.map(({ stage, needs }) =>
    line("note", own(`${stage}: `), ...(needs.length === 0 ? [own("nothing more")] : [text(needs.join("; "))])),
  );
}

function composeGovernance(governance: GovernanceVerdict): readonly Section[] {
  return [
    section(`Change of the rules: ${governance.classification.tier}`, [
      ...composeRisk(governance.classification),
      line("note", own("judged by the rules in force, not by those of this pull request; merging it moves no flag")),
    ]),
    section("Required reviewers of the rules", composeReviewers(governance.requirements, governance.reviews)),
  ];
}

/** Routes of one file that get a section each; a change of a common setting can touch hundreds. */
const mostGatewayRoutes = 20;

function composeGateway(gateway: GatewayVerdict): readonly Section[] {
  const { classification, routes } = gateway;
  const shown = routes.slice(0, mostGatewayRoutes);
  const ofFile = classification.fired.filter((rule) => !routes.some(({ fired }) => fired.includes(rule)));
  const left = routes.length - shown.length;
  return [
    section(`Gateway file: ${classification.tier}`, [
      line(
        null,
        own(`${nameOfKind[gateway.kind]}, `),
        code(gateway.path),
        own(gateway.isRemoved ? ", disappears" : ""),
      ),
      line(
        "note",
        own(
          "no stages, no evidence and no flag: only route files move flags. The gateway serves it when it loads the file",
        ),
      ),
      ...(ofFile.length === 0 ? [] : composeRisk({ ...classification, fired: ofFile })),
      ...(left <= 0 ? [] : [line("note", own(`${left} more changed routes are left out here; their rules count`))]),
    ]),
    ...shown.map(composeGatewayRoute),
    section("Required reviewers of the gateway file", [
      ...composeReviewers(gateway.requirements, gateway.reviews),
      ...(gateway.contentDigest === null
        ? []
        : [line(null, own("reviews are bound to "), code(gateway.contentDigest))]),
    ]),
  ];
}

function composeEffects(effects: PolicyEffects | undefined): readonly Section[] {
  if (effects === undefined || effects.compared + effects.left === 0) return [];
  const { changed, compared, left } = effects;
  const shown = changed.map((each) => [
    [own(`#${each.pull}`)],
    [own(`${each.before.state}, ${each.before.tier}`)],
    [own(`${each.after.state}, ${each.after.tier}`)],
    [text(each.differences.slice(0, 12).join("; "))],
  ]);
  const table: Block = { kind: "table", head: ["pull request", "now", "after the edit", "what changes"], rows: shown };
  const summary = `${changed.length} of ${compared} other open pull requests would be judged differently`;
  return [
    section("What this would do to open pull requests", [
      line("note", own(left === 0 ? summary : `${summary}; ${left} more were not looked at`)),
      ...(changed.length === 0 ? [] : [table]),
      line("note", own("reviews given under the rules before end with the merge")),
    ]),
  ];
}

function composeGatewayRoute({ name, change, rows, fired }: GatewayRouteChange): Section {
  const words = { added: " is new", removed: " disappears", changed: " changes" } as const;
  const cell = (value: string | null): readonly Piece[] => (value === null ? [own("–")] : [code(value)]);
  const table: Block = {
    kind: "table",
    head: ["", "before", "after"],
    rows: rows.map((each) => [
      [...(each.differs ? [own("▸ ")] : []), code(each.field)],
      cell(each.before),
      cell(each.after),
    ]),
  };
  const risk = composeRisk({ tier: "low", triggers: [], fired });
  return section("Gateway route", [
    line(null, code(name), own(words[change])),
    ...(rows.length === 0 ? [] : [table]),
    ...risk,
  ]);
}
