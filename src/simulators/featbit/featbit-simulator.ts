import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { createContractChecker, type ContractChecker } from "../contract/contract-checker.ts";
import {
  startLoopbackServer,
  type LoopbackServer,
  type SimulatorRequest,
  type SimulatorResponse,
} from "../loopback-server.ts";
import { createEvaluationServer } from "./evaluation-server.ts";
import type {
  PolicyStatement,
  SimAccessToken,
  SimAuditRow,
  SimFlag,
  SimPendingChange,
  SimSegment,
  SimUser,
} from "./featbit-data.ts";
import { createWorld, type NewSimFlag, type NewSimSegment } from "./featbit-world.ts";
import { createManagementApi } from "./management-api.ts";
import { createWebhookSender, type SimDelivery, type SimWebhook } from "./webhook-sender.ts";

export interface FeatBitSimulatorOptions {
  /** Any free port when absent. */
  apiPort?: number;
  evaluationPort?: number;
  /** The clock that stamps flags and audit rows. Connection tokens go by the machine's clock. */
  now?: () => Date;
  /** Whether every request and answer is held against `featbit.openapi.yaml`; on when absent. */
  contract?: boolean;
}

/** An environment with what a binding needs to reach it. */
export interface SimulatedEnvironment {
  id: string;
  projectId: string;
  key: string;
  serverSecret: string;
  clientSecret: string;
  /** What a segment's `scopes` must hold to reach the environment's SDKs. */
  scope: string;
}

export interface NewAccessToken {
  name: string;
  type: "personal" | "service";
  /** Everything when absent. */
  statements?: PolicyStatement[];
  /** The user whose rights a personal token has. A new one with `statements` when absent. */
  creatorId?: string;
  token?: string;
}

/** A FeatBit of one organisation on two loopback servers, and the hands that a test or the demo moves it with. */
export interface FeatBitSimulator {
  apiUrl: string;
  evaluationUrl: string;
  streamingUrl: string;
  api: LoopbackServer;
  evaluation: LoopbackServer;
  /** How requests and answers differed from the contract, in order. Empty is what a test asks for at its end. */
  violations: readonly string[];
  audit: readonly SimAuditRow[];
  insights: readonly unknown[];
  deliveries: readonly SimDelivery[];
  createProject(project: { key: string; name?: string; id?: string }): { id: string; key: string };
  createEnvironment(projectId: string, environment: { key: string; name?: string; id?: string }): SimulatedEnvironment;
  createUser(user: { name: string; email: string; statements?: PolicyStatement[]; id?: string }): SimUser;
  createAccessToken(token: NewAccessToken): SimAccessToken;
  deactivateAccessToken(id: string): void;
  /** Made by hand, with contents; the scope is the environment's own unless given. */
  createSegment(envId: string, segment: NewSegment): SimSegment;
  editSegment(id: string, user: SimUser, change: (draft: SimSegment) => void): SimSegment;
  /** Made by hand, as a user. */
  createFlag(flag: NewSimFlag, user: SimUser): SimFlag;
  findFlag(envId: string, key: string): SimFlag | undefined;
  /** A manual edit: new revision, audit row, push and webhooks, as if the user had done it in the UI. */
  editFlag(envId: string, key: string, user: SimUser, change: (draft: SimFlag) => void, comment?: string): SimFlag;
  addPendingChange(envId: string, key: string, change?: Partial<SimPendingChange>): SimPendingChange;
  clearPendingChanges(): void;
  addWebhook(webhook: SimWebhook): { id: string };
  settleWebhooks(): Promise<void>;
  /** `false` makes it a server before 5.3.3, which answers tokens 403 without a body on PUT targeting. */
  setTargetingOpenToTokens(isOpen: boolean): void;
  setPropagationDelay(milliseconds: number): void;
  dropStreams(): void;
  refuseStreams(code: 4003 | 1011 | null): void;
  setClockSkew(milliseconds: number): void;
  countStreams(): number;
  close(): Promise<void>;
}

export type NewSegment = Pick<NewSimSegment, "key" | "included" | "excluded" | "rules"> & {
  name?: string;
  scopes?: string[];
};

const everything: PolicyStatement[] = [{ resourceType: "*", effect: "allow", actions: ["*"], resources: ["*"] }];

function readContract(): ContractChecker {
  const text = readFileSync(new URL("./featbit.openapi.yaml", import.meta.url), "utf8");
  return createContractChecker(parse(text) as object, { strictRequests: true });
}

function readBody(response: SimulatorResponse): unknown {
  return typeof response.body === "string" && response.body !== ""
    ? (JSON.parse(response.body) as unknown)
    : response.body;
}

/** Starts the simulator on 127.0.0.1. @throws what `listen` throws when a port is taken. */
export async function startFeatBitSimulator(options: FeatBitSimulatorOptions = {}): Promise<FeatBitSimulator> {
  const world = createWorld(options.now ?? (() => new Date()));
  const management = createManagementApi(world);
  const evaluator = createEvaluationServer(world);
  const webhooks = createWebhookSender(world);
  const checker = options.contract === false ? undefined : readContract();
  const violations: string[] = [];

  const withContract =
    (handle: (request: SimulatorRequest) => SimulatorResponse) =>
    async (request: SimulatorRequest): Promise<SimulatorResponse> => {
      const { method, path, query, body } = request;
      violations.push(...(checker?.checkRequest({ method, path, query, body }) ?? []));
      const response = handle(request);
      const answered = { method, path, status: response.status, body: readBody(response) };
      violations.push(...(checker?.checkResponse(answered) ?? []));
      return response;
    };

  const api = await startLoopbackServer(
    withContract((request) => management.handle(request)),
    options.apiPort,
  );
  const evaluation = await startLoopbackServer(
    withContract((request) => evaluator.handle(request)),
    options.evaluationPort,
  );
  evaluator.attach(evaluation);

  const requireFlag = (envId: string, key: string): SimFlag => {
    const flag = world.findFlag(envId, key);
    if (flag === undefined) throw new Error(`the simulator has no flag ${key}`);
    return flag;
  };

  return {
    apiUrl: api.url,
    evaluationUrl: evaluation.url,
    streamingUrl: evaluation.url.replace("http:", "ws:"),
    api,
    evaluation,
    violations,
    audit: world.audit,
    insights: evaluator.insights,
    deliveries: webhooks.deliveries,
    createProject: (project) => world.addProject(project),
    createEnvironment(projectId, given) {
      const project = world.projects.get(projectId);
      if (project === undefined) throw new Error(`the simulator has no project ${projectId}`);
      const { id, key, secrets } = world.addEnvironment(project, given);
      const secretOf = (type: string) => secrets.find((secret) => secret.type === type)?.value ?? "";
      const scope = world.scopeOfEnvironment(id);
      return { id, projectId, key, serverSecret: secretOf("server"), clientSecret: secretOf("client"), scope };
    },
    createUser: (user) => world.addUser(user),
    createAccessToken({ name, type, statements = everything, creatorId, token }) {
      const creator =
        type === "personal"
          ? (creatorId ?? world.addUser({ name: `owner of ${name}`, email: "owner@corp.example", statements }).id)
          : (creatorId ?? null);
      return world.addToken({ name, type, statements, creatorId: creator, ...(token === undefined ? {} : { token }) });
    },
    deactivateAccessToken(id) {
      for (const token of world.tokens.values()) if (token.id === id) token.isActive = false;
    },
    createSegment(envId, { key, name = key, scopes = [world.scopeOfEnvironment(envId)], ...contents }) {
      const given = { envId, key, name, scopes, description: null, type: "environment-specific", ...contents };
      return world.addSegment(given, "00000000-0000-4000-8000-000000000000");
    },
    editSegment(id, user, change) {
      const segment = world.findSegment(id);
      if (segment === undefined) throw new Error(`the simulator has no segment ${id}`);
      return world.changeSegment(segment, { actorId: user.id, comment: "", change });
    },
    createFlag: (flag, user) => world.addFlag(flag, user.id),
    findFlag: (envId, key) => world.findFlag(envId, key),
    editFlag: (envId, key, user, change, comment = "") =>
      world.changeFlag(requireFlag(envId, key), { actorId: user.id, comment, change }),
    addPendingChange(envId, key, given = {}) {
      const at = world.nextInstant();
      const change: SimPendingChange = {
        id: crypto.randomUUID(),
        flagId: requireFlag(envId, key).id,
        type: "Schedule",
        status: "PendingExecution",
        creatorId: "00000000-0000-4000-8000-000000000000",
        creatorName: null,
        createdAt: at,
        scheduleTitle: "later",
        scheduledTime: at,
        ...given,
      };
      world.pendingChanges.push(change);
      return change;
    },
    clearPendingChanges() {
      world.pendingChanges.length = 0;
    },
    addWebhook: (webhook) => webhooks.addWebhook(webhook),
    settleWebhooks: () => webhooks.settle(),
    setTargetingOpenToTokens: (isOpen) => management.setTargetingOpenToTokens(isOpen),
    setPropagationDelay: (milliseconds) => evaluator.setPropagationDelay(milliseconds),
    dropStreams: () => evaluator.dropStreams(),
    refuseStreams: (code) => evaluator.refuseStreams(code),
    setClockSkew: (milliseconds) => evaluator.setClockSkew(milliseconds),
    countStreams: () => evaluator.countStreams(),
    async close() {
      webhooks.close();
      evaluator.close();
      await Promise.all([api.close(), evaluation.close()]);
    },
  };
}
