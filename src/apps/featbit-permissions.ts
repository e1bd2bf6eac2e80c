/** One IAM statement as FeatBit stores it (facts/featbit.md section 5). */
export interface PolicyStatement {
  resourceType: string;
  effect: "allow" | "deny";
  actions: string[];
  resources: string[];
}

/**
 * The least rights of a FeatBit service token that Routeward works with. Archiving and deleting are for the disposable
 * rehearsal flag. Reading segments, pending changes and audit logs needs no right of its own.
 *
 * @param flagKeys the binding's patterns of flag keys; `*` is a wildcard in FeatBit too
 */
export function leastPrivilege(project: string, environment: string, flagKeys: readonly string[]): PolicyStatement[] {
  const envName = `project/${project}:env/${environment}`;
  return [
    { resourceType: "project", effect: "allow", actions: ["CanAccessProject"], resources: [`project/${project}`] },
    { resourceType: "env", effect: "allow", actions: ["CanAccessEnv"], resources: [envName] },
    // FeatBit checks the right to create on the pattern itself, since the route of that call names no key.
    { resourceType: "flag", effect: "allow", actions: ["CreateFlag"], resources: [`${envName}:flag/*`] },
    {
      resourceType: "flag",
      effect: "allow",
      actions: [
        "ToggleFlag",
        "UpdateFlagDefaultRule",
        "UpdateFlagTargetingRules",
        "UpdateFlagIndividualTargeting",
        "UpdateFlagVariations",
        "UpdateFlagOffVariation",
        "ArchiveFlag",
        "DeleteFlag",
      ],
      resources: flagKeys.map((key) => `${envName}:flag/${key}`),
    },
  ];
}
