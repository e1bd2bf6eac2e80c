/** FeatBit's own objects as its API shows them (facts/featbit.openapi.yaml). The server validates little, so the types are wide. */
export interface SimVariation {
  id: string;
  name: string;
  value: string | null;
}

export interface SimRollout {
  id: string;
  rollout: number[];
  exptRollout: number;
}

export interface SimCondition {
  id: string | null;
  property: string;
  op: string | null;
  value: string | null;
}

export interface SimMatchRule {
  id: string;
  name: string;
  conditions: SimCondition[];
}

export interface SimTargetRule extends SimMatchRule {
  dispatchKey: string | null;
  includedInExpt: boolean;
  variations: SimRollout[];
}

export interface SimTargetUser {
  keyIds: string[];
  variationId: string;
}

export interface SimTargeting {
  targetUsers: SimTargetUser[];
  rules: SimTargetRule[];
  fallthrough: { dispatchKey: string | null; includedInExpt: boolean; variations: SimRollout[] };
  exptIncludeAllTargets: boolean;
}

export interface SimFlag extends SimTargeting {
  id: string;
  envId: string;
  revision: string;
  name: string;
  description: string | null;
  key: string;
  variationType: string;
  variations: SimVariation[];
  isEnabled: boolean;
  disabledVariationId: string;
  tags: string[];
  isArchived: boolean;
  creatorId: string;
  updatorId: string;
  createdAt: string;
  updatedAt: string;
}

export interface SimSegment {
  id: string;
  workspaceId: string;
  envId: string;
  name: string;
  key: string;
  type: string;
  scopes: string[];
  description: string | null;
  included: string[];
  excluded: string[];
  rules: SimMatchRule[];
  tags: string[];
  isArchived: boolean;
  isEnvironmentSpecific: boolean;
  createdAt: string;
  updatedAt: string;
}

export interface SimSecret {
  id: string;
  name: string;
  type: "server" | "client";
  value: string;
}

export interface SimEnvironment {
  id: string;
  projectId: string;
  name: string;
  key: string;
  description: string | null;
  secrets: SimSecret[];
  settings: { requireChangeComment: boolean } | null;
  createdAt: string;
  updatedAt: string;
}

export interface SimProject {
  id: string;
  name: string;
  key: string;
}

/** IAM statement of facts/featbit.md section 5. */
export interface PolicyStatement {
  resourceType: string;
  effect: "allow" | "deny";
  actions: string[];
  resources: string[];
}

export interface SimUser {
  id: string;
  name: string;
  email: string;
  statements: PolicyStatement[];
}

export interface SimAccessToken {
  id: string;
  token: string;
  name: string;
  type: "personal" | "service";
  isActive: boolean;
  /** Of a service token. A personal one has those of its creator, as they are now. */
  statements: PolicyStatement[];
  creatorId: string | null;
}

export interface SimInstruction {
  kind: string;
  value: unknown;
}

export interface SimAuditRow {
  id: string;
  envId: string;
  refId: string;
  refType: "FeatureFlag" | "Segment";
  keyword: string;
  operation: string;
  dataChange: { previous: string; current: string };
  comment: string;
  creatorId: string;
  createdAt: string;
  instructions: SimInstruction[];
}

/** A waiting schedule or change request, made in FeatBit's UI. */
export interface SimPendingChange {
  id: string;
  flagId: string;
  type: "Schedule" | "ChangeRequest";
  status: "PendingReview" | "PendingExecution" | "Approved" | "Declined";
  creatorId: string;
  creatorName: string | null;
  createdAt: string;
  scheduleTitle: string | null;
  scheduledTime: string;
}
