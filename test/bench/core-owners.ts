/** CODEOWNERS as a large repository has it: mostly folders, some extensions, some names at any depth, few odd ones. */
export function ownersOf(count: number): string {
  const line = (index: number): string => {
    const owner = `@acme/team-${index % 90}`;
    const kind = index % 10;
    if (index === 0) return `* ${owner}`;
    if (kind < 5) return `/packages/pkg-${index}/ ${owner}`;
    if (kind === 5) return `/packages/pkg-${index}/src/*.ts ${owner} @ada`;
    if (kind === 6) return `*.ext${index % 40} ${owner}`;
    if (kind === 7) return `/docs/**/part-${index}/*.md ${owner}`;
    if (kind === 8) return `generated-${index}/ ${owner}`;
    return index % 50 === 9 ? `*-test-${index}.* ${owner}` : `/.github/roles/role-${index % 7}/area-${index}/ ${owner}`;
  };
  return Array.from({ length: count }, (_, index) => line(index)).join("\n");
}

export function changedPaths(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    return `packages/pkg-${index % 1200}/src/module-${index % 40}/file-${index}.ts`;
  });
}

/** Long segments of one letter and many folders: what wildcards must try most often. */
export function hostilePaths(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${"a/".repeat(12)}@zxqb${"a".repeat(60)}${index}`);
}

/** A piece for each bit, in an order that no other number has. */
function oneOrTwo(bits: string): string {
  return bits.replaceAll("0", "a*").replaceAll("1", "aa*");
}

/** Lines that make a simple matcher try again and again. Each is different, so that nothing can be kept. */
export const hostileOwners: Readonly<Record<string, (index: number) => string>> = {
  "many asterisks in a name": (index) => `/**/${"*a".repeat(20)}*b${index} @ada`,
  "many asterisks that nearly match": (index) => `${"*a".repeat(10)}*${index}x @ada`,
  "asterisks and question marks": (index) => `*${"?a*".repeat(8)}${index}z @ada`,
  "folders at any depth": (index) => `/${"**/a/".repeat(10)}z${index} @ada`,
  "a star in each folder": (index) => `/${"*/".repeat(11)}a*${index}z @ada`,
  "pieces that are all there, the last one too early": (index) =>
    `*@*z*x*${"a*".repeat(12)}q*${index % 10}* @ada${index}`,
  "pieces that all fit, but not before the end": (index) =>
    `*${oneOrTwo(index.toString(2).padStart(11, "0"))}${"a*".repeat(45)} @ada`,
  "lines that match, the last one first": (index) => `*${oneOrTwo((2047 - index).toString(2))} @ada`,
  "one letter at any depth": (index) => `a*${index % 10}*${Math.floor(index / 10)}q @ada`,
};
