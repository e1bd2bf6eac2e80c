import type { Account, OwnerFacts, PeopleFacts, ReviewFacts } from "../../../core/facts.ts";
import { isRoleName } from "../../../core/reviewers/owners-of-role.ts";
import type { ReviewRequirement } from "../../../core/reviewers/requirement.ts";
import { type Assessment, contentDigestsOf } from "../../../core/verdict/assessment.ts";
import { UsageError } from "../cli-command.ts";

/** An approval that the person pretends: `@user:role`, several roles parted by commas. */
export interface PretendedApproval {
  login: string;
  roles: readonly string[];
}

/** More approvals than this are asked of no role. */
const membersOfUnknownTeam = 20;

const firstApprover = 1000;
const firstStranger = 1_000_000;

/** @throws UsageError when the text has another form */
export function parseApproval(text: string): PretendedApproval {
  const [, login, roles] = /^@?([A-Za-z0-9][A-Za-z0-9-]{0,99}):(.{1,400})$/.exec(text) ?? [];
  const names = (roles ?? "").split(",").map((role) => role.trim().toLowerCase());
  if (login === undefined || !names.every(isRoleName)) {
    throw new UsageError(`--approve ${text} is not @user:role, for example --approve @petra:product-owner`);
  }
  return { login: login.toLowerCase(), roles: names };
}

/**
 * The people as they are known without GitHub: nobody has reviewed, everybody who is named may write, and a team has members whom nobody
 * knows by name.
 *
 * @param commitLogins logins of people who made commits, as far as their addresses say it
 */
export function assumePeople(assessment: Assessment, commitLogins: readonly string[]): PeopleFacts {
  const { author } = assessment.pull;
  const logins = [...new Set([author.login, ...commitLogins].map((login) => login.toLowerCase()))];
  const accounts = new Map(logins.map((login, index) => [login, { ...author, id: author.id + index, login }]));
  return {
    reviews: [],
    owners: assessment.ownersToAsk.map((name, index) => assumeOwner(name, index, accounts)),
    writers: {},
    commitPeople: [...accounts.values()].map((account) => ({ account, text: account.login })),
    commitsComplete: true,
    pushers: [author],
    triggeredBy: null,
    requested: { users: [], teams: [] },
    codeownersErrors: null,
  };
}

function assumeOwner(name: string, index: number, accounts: ReadonlyMap<string, Account>): OwnerFacts {
  const id = firstStranger + index * 100;
  const [owner = "", slug] = name.replace(/^@/, "").split("/");
  if (!name.startsWith("@")) return { kind: "unresolved", name, why: "an e-mail address cannot be looked up" };
  if (slug === undefined) {
    const account = accounts.get(owner.toLowerCase()) ?? { id, login: owner, isBot: false };
    return { kind: "user", name, account, canWrite: true };
  }
  const members = Array.from({ length: membersOfUnknownTeam }, (_, place): Account => {
    return { id: id + place, login: `member-${place + 1}-of-${slug}`, isBot: false };
  });
  return { kind: "team", name, slug, canWrite: true, members };
}

/**
 * The same people with approvals that are only pretended. Whoever is given a role belongs to every team that owns it; a role whose owners
 * are users alone is filled by them alone.
 */
export function addApprovals(
  people: PeopleFacts,
  assessment: Assessment,
  approvals: readonly PretendedApproval[],
): PeopleFacts {
  const requirements = listRequirements(assessment);
  return joinByLogin(approvals).reduce((before, approval, index) => {
    const account = findAccount(before, approval.login) ?? {
      id: firstApprover + index,
      login: approval.login,
      isBot: false,
    };
    const owned = new Set(requirements.filter((each) => fills(each, approval.roles)).flatMap((each) => each.owners));
    const owners = before.owners.map((owner) =>
      owner.kind === "team" && owned.has(owner.name.toLowerCase()) && !owner.members.some(({ id }) => id === account.id)
        ? { ...owner, members: [...owner.members, account] }
        : owner,
    );
    const review: ReviewFacts = {
      // Later than every review that GitHub knows: the last word of a person counts.
      id: Number.MAX_SAFE_INTEGER - approvals.length + index,
      author: account,
      state: "APPROVED",
      body: `/routeward as ${approval.roles.join(", ")}`,
      submittedAt: assessment.at,
      commitSha: assessment.pull.headSha,
      content: contentDigestsOf(assessment),
      dismissedBy: null,
    };
    return {
      ...before,
      owners,
      reviews: [...before.reviews, review],
      writers: { ...before.writers, [account.id]: true },
    };
  }, people);
}

/** What to say about approvals that nobody asked for. */
export function listNeedlessApprovals(
  assessment: Assessment,
  approvals: readonly PretendedApproval[],
): readonly string[] {
  const requirements = listRequirements(assessment);
  const required = [...new Set(requirements.map((each) => each.role))].join(", ") || "none";
  return approvals.flatMap(({ login, roles }) =>
    roles
      .filter((role) => !requirements.some((each) => fills(each, [role])))
      .map((role) => `no approval as ${role} is needed (@${login}); the required roles are: ${required}`),
  );
}

function listRequirements(assessment: Assessment): readonly ReviewRequirement[] {
  const { routes, gateways, governance } = assessment;
  return [...routes, ...gateways, ...(governance === null ? [] : [governance])].flatMap((each) => each.requirements);
}

function fills({ role, orRole }: ReviewRequirement, roles: readonly string[]): boolean {
  return roles.includes(role.toLowerCase()) || (orRole !== undefined && roles.includes(orRole.toLowerCase()));
}

function joinByLogin(approvals: readonly PretendedApproval[]): readonly PretendedApproval[] {
  const roles = new Map<string, string[]>();
  for (const approval of approvals) {
    roles.set(approval.login, [...(roles.get(approval.login) ?? []), ...approval.roles]);
  }
  return [...roles].map(([login, names]) => ({ login, roles: [...new Set(names)] }));
}

function findAccount(people: PeopleFacts, login: string): Account | null {
  const accounts = [
    ...people.commitPeople.flatMap(({ account }) => (account === null ? [] : [account])),
    ...people.pushers,
    ...people.reviews.flatMap(({ author }) => (author === null ? [] : [author])),
    ...people.owners.flatMap((owner) =>
      owner.kind === "user" ? [owner.account] : owner.kind === "team" ? owner.members : [],
    ),
  ];
  return accounts.find((account) => account.login.toLowerCase() === login) ?? null;
}
