import { randomBytes, randomUUID } from "node:crypto";
import { classifyEvents, compareFlags, compareSegments } from "./compare-changes.ts";
import { createEnvironmentSecret } from "./environment-secret.ts";
import type {
  PolicyStatement,
  SimAccessToken,
  SimAuditRow,
  SimEnvironment,
  SimFlag,
  SimInstruction,
  SimMatchRule,
  SimPendingChange,
  SimProject,
  SimSegment,
  SimUser,
} from "./featbit-data.ts";

/** One change of a flag or a segment, after it was stored. */
export type WorldChange = {
  actorId: string;
  /** FeatBit's webhook events; empty when FeatBit detects no difference. */
  events: string[];
  instructions: SimInstruction[];
} & (
  | { kind: "flag"; flag: SimFlag; isDeleted: boolean }
  | { kind: "segment"; segment: SimSegment; touchedFlags: SimFlag[] }
);

export type Operation = "Create" | "Update" | "Archive" | "Restore" | "Remove";

/** What the simulated FeatBit holds. Both servers read it; only its methods change it. */
export interface FeatBitWorld {
  organization: { id: string; key: string; name: string };
  projects: Map<string, SimProject>;
  environments: Map<string, SimEnvironment>;
  users: Map<string, SimUser>;
  tokens: Map<string, SimAccessToken>;
  pendingChanges: SimPendingChange[];
  /** Oldest first. */
  audit: SimAuditRow[];
  listFlags(envId: string): SimFlag[];
  findFlag(envId: string, key: string): SimFlag | undefined;
  listSegments(envId: string): SimSegment[];
  findSegment(id: string): SimSegment | undefined;
  /** `project/P:env/E`, or undefined for an unknown environment. */
  resourceOfEnvironment(envId: string): string | undefined;
  resourceOfFlag(flag: SimFlag): string;
  resourceOfSegment(segment: SimSegment): string;
  /** The scope that SDKs of an environment receive segments by. */
  scopeOfEnvironment(envId: string): string;
  addProject(project: { key: string; name?: string; id?: string }): SimProject;
  addEnvironment(project: SimProject, environment: { key: string; name?: string; id?: string }): SimEnvironment;
  addUser(user: { name: string; email: string; statements?: PolicyStatement[]; id?: string }): SimUser;
  addToken(token: Omit<SimAccessToken, "id" | "token" | "isActive"> & { token?: string }): SimAccessToken;
  addFlag(flag: NewSimFlag, actorId: string): SimFlag;
  /** Stores what `change` makes of a copy, with a new revision and a later `updatedAt`. */
  changeFlag(before: SimFlag, request: ChangeRequest<SimFlag>): SimFlag;
  removeFlag(flag: SimFlag, actorId: string, comment: string): void;
  addSegment(segment: NewSimSegment, actorId: string): SimSegment;
  changeSegment(before: SimSegment, request: ChangeRequest<SimSegment>): SimSegment;
  onChange(listener: (change: WorldChange) => void): void;
  /** The moment as FeatBit stamps it; never the same millisecond twice, because SDKs drop such a patch. */
  nextInstant(): string;
}

export interface ChangeRequest<T> {
  actorId: string;
  comment: string;
  operation?: Operation;
  change: (draft: T) => void;
}

export type NewSimFlag = Pick<
  SimFlag,
  | "envId"
  | "name"
  | "description"
  | "key"
  | "variationType"
  | "variations"
  | "isEnabled"
  | "disabledVariationId"
  | "tags"
> & { enabledVariationId: string };

export interface NewSimSegment {
  envId: string;
  key: string;
  name: string;
  description: string | null;
  type: string;
  scopes: string[];
  included?: string[];
  excluded?: string[];
  rules?: SimMatchRule[];
}

function referencesSegment(flag: SimFlag, segmentId: string): boolean {
  return flag.rules.some((rule) =>
    rule.conditions.some(
      (condition) =>
        /^User is (not )?in segment$/.test(condition.property) && (condition.value ?? "").includes(segmentId),
    ),
  );
}

/** Creates an empty FeatBit organisation. `now` is the clock that stamps everything. */
export function createWorld(now: () => Date): FeatBitWorld {
  const organization = { id: randomUUID(), key: "playground", name: "playground" };
  const workspaceId = randomUUID();
  const projects = new Map<string, SimProject>();
  const environments = new Map<string, SimEnvironment>();
  const users = new Map<string, SimUser>();
  const tokens = new Map<string, SimAccessToken>();
  const flags = new Map<string, SimFlag>();
  const segments = new Map<string, SimSegment>();
  const audit: SimAuditRow[] = [];
  const listeners: ((change: WorldChange) => void)[] = [];
  let lastInstant = 0;

  const nextInstant = (): string => {
    lastInstant = Math.max(lastInstant + 1, now().getTime());
    return new Date(lastInstant).toISOString();
  };

  const findEnvironmentParts = (envId: string) => {
    const environment = environments.get(envId);
    const project = environment === undefined ? undefined : projects.get(environment.projectId);
    return environment === undefined || project === undefined ? undefined : { environment, project };
  };

  const resourceOfEnvironment = (envId: string): string | undefined => {
    const parts = findEnvironmentParts(envId);
    return parts === undefined ? undefined : `project/${parts.project.key}:env/${parts.environment.key}`;
  };

  const scopeOfEnvironment = (envId: string): string =>
    `organization/${organization.key}:${resourceOfEnvironment(envId) ?? "?"}`;

  const nameResource = (envId: string, type: string, item: { key: string; tags: string[] }) =>
    `${resourceOfEnvironment(envId) ?? "?"}:${type}/${item.key}${item.tags.length > 0 ? `;${item.tags.join(",")}` : ""}`;

  const writeAudit = (
    item: SimFlag | SimSegment,
    refType: SimAuditRow["refType"],
    row: Pick<SimAuditRow, "operation" | "comment" | "creatorId" | "instructions"> & {
      before: unknown;
      after: unknown;
    },
  ): void => {
    audit.push({
      id: randomUUID(),
      envId: item.envId,
      refId: item.id,
      refType,
      keyword: `${item.key},${item.name}`,
      operation: row.operation,
      dataChange: {
        previous: row.before === null ? "" : JSON.stringify(row.before),
        current: row.after === null ? "" : JSON.stringify(row.after),
      },
      comment: row.comment,
      creatorId: row.creatorId,
      createdAt: item.updatedAt,
      instructions: row.instructions,
    });
  };

  const publish = (change: WorldChange): void => {
    for (const listener of listeners) listener(change);
  };

  const world: FeatBitWorld = {
    organization,
    projects,
    environments,
    users,
    tokens,
    pendingChanges: [],
    audit,
    nextInstant,
    resourceOfEnvironment,
    scopeOfEnvironment,
    listFlags: (envId) => [...flags.values()].filter((flag) => flag.envId === envId),
    findFlag: (envId, key) => [...flags.values()].find((flag) => flag.envId === envId && flag.key === key),
    listSegments: (envId) => {
      const scope = `${scopeOfEnvironment(envId)}:`;
      return [...segments.values()].filter(
        (segment) => segment.envId === envId || segment.scopes.some((own) => scope.startsWith(`${own}:`)),
      );
    },
    findSegment: (id) => segments.get(id),
    resourceOfFlag: (flag) => nameResource(flag.envId, "flag", flag),
    resourceOfSegment: (segment) => nameResource(segment.envId, "segment", segment),
    onChange: (listener) => {
      listeners.push(listener);
    },
    addProject({ key, name = key, id = randomUUID() }) {
      const project = { id, key, name };
      projects.set(id, project);
      return project;
    },
    addEnvironment(project, { key, name = key, id = randomUUID() }) {
      const at = nextInstant();
      const environment: SimEnvironment = {
        id,
        projectId: project.id,
        name,
        key,
        description: null,
        secrets: (["server", "client"] as const).map((type) => ({
          id: randomUUID(),
          name: `${type} key`,
          type,
          value: createEnvironmentSecret(id),
        })),
        settings: { requireChangeComment: false },
        createdAt: at,
        updatedAt: at,
      };
      environments.set(id, environment);
      return environment;
    },
    addUser({ name, email, statements = [], id = randomUUID() }) {
      const user = { id, name, email, statements };
      users.set(id, user);
      return user;
    },
    addToken(token) {
      const value = token.token ?? `api-${randomBytes(24).toString("base64url")}`;
      const stored: SimAccessToken = { ...token, id: randomUUID(), token: value, isActive: true };
      tokens.set(value, stored);
      return stored;
    },
    addFlag({ enabledVariationId, ...given }, actorId) {
      const at = nextInstant();
      const flag: SimFlag = {
        ...given,
        id: randomUUID(),
        revision: randomUUID(),
        targetUsers: [],
        rules: [],
        fallthrough: {
          dispatchKey: null,
          includedInExpt: true,
          variations: [{ id: enabledVariationId, rollout: [0, 1], exptRollout: 1 }],
        },
        exptIncludeAllTargets: true,
        isArchived: false,
        creatorId: actorId,
        updatorId: actorId,
        createdAt: at,
        updatedAt: at,
      };
      flags.set(flag.id, flag);
      const row = { operation: "Create", comment: "", creatorId: actorId, instructions: [], before: null, after: flag };
      writeAudit(flag, "FeatureFlag", row);
      publish({ kind: "flag", flag, isDeleted: false, actorId, instructions: [], events: ["feature_flag.created"] });
      return flag;
    },
    changeFlag(before, { actorId, comment, operation = "Update", change }) {
      const after = structuredClone(before);
      change(after);
      after.revision = randomUUID();
      after.updatorId = actorId;
      after.updatedAt = nextInstant();
      const instructions = compareFlags(before, after);
      flags.set(after.id, after);
      writeAudit(after, "FeatureFlag", { operation, comment, creatorId: actorId, instructions, before, after });
      const events = classifyEvents("feature_flag", instructions);
      publish({ kind: "flag", flag: after, isDeleted: false, actorId, instructions, events });
      return after;
    },
    removeFlag(flag, actorId, comment) {
      flags.delete(flag.id);
      const removed = { ...flag, updatedAt: nextInstant() };
      const row = { operation: "Remove", comment, creatorId: actorId, instructions: [], before: flag, after: null };
      writeAudit(removed, "FeatureFlag", row);
      publish({
        kind: "flag",
        flag: removed,
        isDeleted: true,
        actorId,
        instructions: [],
        events: ["feature_flag.deleted"],
      });
    },
    addSegment({ included = [], excluded = [], rules = [], ...given }, actorId) {
      const at = nextInstant();
      const segment: SimSegment = {
        ...given,
        id: randomUUID(),
        workspaceId,
        included,
        excluded,
        rules,
        tags: [],
        isArchived: false,
        isEnvironmentSpecific: given.type === "environment-specific",
        createdAt: at,
        updatedAt: at,
      };
      segments.set(segment.id, segment);
      const row = {
        operation: "Create",
        comment: "",
        creatorId: actorId,
        instructions: [],
        before: null,
        after: segment,
      };
      writeAudit(segment, "Segment", row);
      publish({ kind: "segment", segment, touchedFlags: [], actorId, instructions: [], events: ["segment.created"] });
      return segment;
    },
    changeSegment(before, { actorId, comment, operation = "Update", change }) {
      const after = structuredClone(before);
      change(after);
      after.updatedAt = nextInstant();
      const instructions = compareSegments(before, after);
      segments.set(after.id, after);
      writeAudit(after, "Segment", { operation, comment, creatorId: actorId, instructions, before, after });
      const touchedFlags = [...flags.values()]
        .filter((flag) => referencesSegment(flag, after.id))
        .map((flag) => {
          // Referencing flags get a later time and an audit row; their revision stays (facts/featbit.md section 4).
          const touched = { ...flag, updatedAt: nextInstant(), updatorId: actorId };
          flags.set(flag.id, touched);
          writeAudit(touched, "FeatureFlag", {
            operation: "Update",
            comment: `Referenced segment '${after.name}' has been updated.`,
            creatorId: actorId,
            instructions: [],
            before: flag,
            after: touched,
          });
          return touched;
        });
      const events = classifyEvents("segment", instructions);
      publish({ kind: "segment", segment: after, touchedFlags, actorId, instructions, events });
      return after;
    },
  };
  return world;
}
