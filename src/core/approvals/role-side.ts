/** The two sides of `separationOfDuties` (SPEC 7); roles of the user's own stand on neither. */
export type RoleSide = "quality" | "production" | "neutral";

const sides: Readonly<Record<string, RoleSide>> = {
  "product-owner": "quality",
  "finance-owner": "quality",
  "ai-platform-owner": "production",
  "operations-owner": "production",
  "security-owner": "production",
  "release-owner": "production",
};

export function sideOfRole(role: string): RoleSide {
  return Object.hasOwn(sides, role) ? (sides[role] ?? "neutral") : "neutral";
}
