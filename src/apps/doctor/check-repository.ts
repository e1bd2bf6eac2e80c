import { cut, type Problem } from "../../core/problem.ts";
import { parsePolicy } from "../../core/policy/parse-policy.ts";
import { parseCodeowners } from "../../core/reviewers/parse-codeowners.ts";
import { gatherRules, type RuleSources } from "../../flows/gather-rules.ts";
import { GitHubError, type GitHubPort, type RepositoryPort } from "../../ports/github.ts";
import type { OperatorConfig } from "../config/read-operator-config.ts";
import { fail, pass, warn, type Finding } from "./finding.ts";

const checkName = "routeward/approval";

async function checkRequired(port: RepositoryPort, name: string, branch: string, appId: number): Promise<Finding> {
  const check = "repository.required-check";
  const required = await port.readRequiredChecks(branch);
  const mend = `Require ${checkName} from this app in the ruleset or protection of ${branch} (docs/operation.md, "Making the check binding").`;
  if (required === null)
    return warn(check, name, `GitHub does not show what ${branch} requires`, `${mend} An administrator can see it.`);
  const ours = required.filter((each) => each.name === checkName);
  if (ours.length === 0) return fail(check, name, `${branch} does not require ${checkName}: it stops nobody`, mend);
  if (ours.some((each) => each.appId === appId))
    return pass(check, name, `${branch} requires ${checkName} from this app`);
  const pinned = ours.find((each) => each.appId !== null)?.appId ?? null;
  return fail(
    check,
    name,
    pinned === null
      ? `${branch} requires ${checkName} from anybody: whoever can write can set it green`
      : `${branch} requires ${checkName} from another app (${pinned})`,
    mend,
  );
}

const describe = ({ line, message }: Pick<Problem, "line" | "message">): string => `line ${line}: ${message}`;

async function checkCodeowners(
  port: RepositoryPort,
  name: string,
  branch: string,
  rules: RuleSources,
): Promise<Finding> {
  const check = "repository.codeowners";
  const parsed = parseCodeowners(rules.codeowners);
  if (parsed.kind === "absent")
    return warn(
      check,
      name,
      "there is no CODEOWNERS: nobody answers for a role",
      "Add one with lines for the roles: `routeward init` writes them.",
    );
  if (parsed.kind !== "read")
    return fail(
      check,
      name,
      parsed.problems.map(describe).join("; ") || "it cannot be read",
      "Mend or shorten the file.",
    );
  const theirs = await port.readCodeownersErrors(branch);
  const ours = new Set(parsed.invalidLines);
  const others = (theirs ?? []).filter(({ line }) => !ours.has(line));
  const mistakes = [
    ...parsed.problems.map(describe),
    ...others.map(({ line, kind }) => `line ${line}: GitHub says "${cut(kind, 60)}"`),
  ];
  if (mistakes.length > 0)
    return fail(
      check,
      name,
      `${mistakes.length} mistakes; ${mistakes.slice(0, 5).join("; ")}`,
      `Mend these lines of ${parsed.path}; a line with a mistake owns nothing.`,
    );
  return theirs === null
    ? warn(check, name, "no mistake of ours; GitHub does not show its own", "Open the file on GitHub: it marks errors.")
    : pass(check, name, `${parsed.path}: ${parsed.lines.length} lines, no mistake by GitHub or by us`);
}

function checkPolicy(name: string, rules: RuleSources, requireFloor: boolean): Finding {
  const check = "repository.policy";
  const policy = parsePolicy(rules.policy, rules.floor, { requireFloor });
  if (!policy.ok) {
    const first = policy.problems[0];
    return fail(
      check,
      name,
      policy.problems
        .slice(0, 5)
        .map((one) => `${one.path}: ${describe(one)}`)
        .join("; "),
      first?.fix ?? "Mend the policy on the default branch.",
    );
  }
  const warnings = policy.problems.slice(0, 5).map((one) => `${one.path}: ${describe(one)}`);
  if (warnings.length > 0) return warn(check, name, warnings.join("; "), policy.problems[0]?.fix ?? "Mend the policy.");
  if (policy.value.mode === "report")
    return warn(check, name, "mode is report: no flag ever moves", "Set `mode: enforce` when the trial is over.");
  const own = rules.policy.kind === "absent" ? "no file: the built-in policy holds" : "the policy is in force";
  return pass(check, name, `${own}${rules.floor.kind === "text" ? ", above the organisation's floor" : ""}`);
}

async function checkPolicyBranches(port: RepositoryPort, name: string, operator: OperatorConfig): Promise<Finding[]> {
  const check = "repository.policy-branch";
  const findings: Finding[] = [];
  for (const branch of operator.policyBranches.get(name.toLowerCase()) ?? [])
    findings.push(
      (await port.requiresOwnCheck(branch, checkName))
        ? pass(check, name, `${branch} is guarded, so its own rules judge`)
        : fail(
            check,
            name,
            `${branch} does not require ${checkName} from this app, so its rules judge nothing`,
            `Require the check there, or take ${branch} out of policyBranches.`,
          ),
    );
  return findings;
}

/** Looks at one bound repository: our check required and pinned, CODEOWNERS, policy. */
export async function checkRepository(
  name: string,
  github: GitHubPort,
  appId: number,
  operator: OperatorConfig,
): Promise<Finding[]> {
  const [owner = "", repository = ""] = name.split("/");
  try {
    const port = await github.openRepository(owner, repository);
    const { defaultBranch } = await port.readRepository();
    const rules = await gatherRules(port);
    return [
      await checkRequired(port, name, defaultBranch, appId),
      await checkCodeowners(port, name, defaultBranch, rules),
      checkPolicy(name, rules, operator.requireFloor),
      ...(await checkPolicyBranches(port, name, operator)),
    ];
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    const mend =
      error.kind === "forbidden" || error.kind === "missing"
        ? "Install the app on this repository with all permissions of app.yml, or correct its name in the operator's file."
        : "Look again when GitHub answers.";
    return [fail("repository.access", name, error.message, mend)];
  }
}
