import { posix } from "node:path";

/** A source file: its path from the project's root, with `/`, and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** One broken rule. `toString` of it is what the failing test prints. */
export interface Offence {
  path: string;
  line: number;
  rule: string;
}

/**
 * Stages of `src/core`, in the order of ARCHITECTURE.md with two honest changes: `evidence` and `guardrails` make findings
 * that `approvals` never needs, so they keep their place before it; and `time`, `yaml` and `audit` (canonical text, hash
 * chain) come first, because they know nothing of routes. A stage imports itself, the leaves and what stands before it;
 * type-only imports count too.
 */
export const coreStages = [
  "time",
  "yaml",
  "audit",
  "policy",
  "routes",
  "models",
  "risk",
  "gateways",
  "reviewers",
  "evidence",
  "guardrails",
  "approvals",
  "verdict",
  "report",
  "rollout",
  "commands",
  "proposals",
] as const;

/** Files at the top of `src/core` that put the stages together; all other files there are leaves and import only leaves. */
export const coreConclusions = ["relevance.ts", "assess.ts", "decide.ts"] as const;

/** Packages that compute and do nothing else. */
const purePackages = ["canonicalize", "picomatch", "yaml", "zod", "@pydantic/genai-prices"];

/** What each layer may import beside itself. Nothing imports a simulator except the demo and tests. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ports: ["core"],
  flows: ["core", "ports"],
  adapters: ["core", "ports"],
  apps: ["core", "ports", "flows", "adapters"],
  // The application's side: a module of its own that shares the SDK connection.
  runtime: ["core", "adapters"],
  simulators: [],
};

/** What `src/core` must not touch: clock, environment, network, randomness, timers, log. */
const coreBans: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bDate\s*\.\s*now\b/, "Date.now (time is passed in)"],
  [/\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()/, "new Date() without an argument (time is passed in)"],
  [/(?<!new\s)\bDate\s*\(\s*\)/, "Date() (time is passed in)"],
  [/\bperformance\s*\.\s*now\b/, "performance.now (time is passed in)"],
  [/\bTemporal\s*\.\s*Now\b/, "Temporal.Now (time is passed in)"],
  [/\bMath\s*\.\s*random\b/, "Math.random (seeds are passed in)"],
  [/\brandom(?:UUID|Bytes|Int|FillSync)\b|\bgetRandomValues\b/, "randomness (ids are passed in)"],
  [/\bprocess\s*[.[]/, "process"],
  [/(?<![.\w])fetch\s*\(/, "fetch"],
  [/\bconsole\s*[.[]/, "console"],
  [/\bset(?:Timeout|Interval|Immediate)\b/, "a timer"],
  [/\bglobalThis\s*[.[]/, "globalThis"],
];

/** Every broken rule in the files, in their order. */
export function checkArchitecture(files: readonly SourceFile[]): Offence[] {
  return files.flatMap((file) => [...checkImports(file), ...checkBans(file)]);
}

export function renderOffence({ path, line, rule }: Offence): string {
  return `${path}:${line} ${rule}`;
}

/** Tests and what only tests use may look further than the code beside them. */
function isTestSupport(path: string): boolean {
  const name = posix.basename(path);
  return name.endsWith(".test.ts") || name.startsWith("test-");
}

function checkImports(file: SourceFile): Offence[] {
  const from = locate(file.path);
  if (from === null) return [];
  return listImports(file.text).flatMap(({ specifier, line }) => {
    const rule = specifier.startsWith(".")
      ? checkOwnImport(file.path, from, posix.join(posix.dirname(file.path), specifier))
      : checkPackage(file.path, from, specifier);
    return rule === null ? [] : [{ path: file.path, line, rule }];
  });
}

/** Where a file stands: its layer and the folder (or file) below it. */
interface Location {
  layer: string;
  part: string;
}

function locate(path: string): Location | null {
  const [root, layer, part] = path.split("/");
  return root === "src" && layer !== undefined && part !== undefined ? { layer, part } : null;
}

function checkOwnImport(path: string, from: Location, target: string): string | null {
  const to = locate(target);
  if (to === null) return isTestSupport(path) ? null : `imports ${target} from outside src`;
  if (from.layer !== to.layer) return checkLayers(path, from, to, target);
  if (from.layer === "adapters" && from.part !== to.part && !isTestSupport(path)) {
    return `imports ${target}: adapters do not know each other`;
  }
  return from.layer === "core" && !isTestSupport(path) ? checkStages(from.part, to.part, target) : null;
}

function checkLayers(path: string, from: Location, to: Location, target: string): string | null {
  const allowed = layers[from.layer];
  if (allowed === undefined) return `stands in src/${from.layer}, which is no layer`;
  if (to.layer === "simulators") {
    const mayPlay = (from.layer === "apps" && from.part === "demo") || (isTestSupport(path) && from.layer !== "core");
    return mayPlay ? null : `imports ${target}: only apps/demo and tests use the simulators`;
  }
  if (allowed.includes(to.layer) || (from.layer === "simulators" && isTestSupport(path))) return null;
  return `imports ${target}: src/${from.layer} must not know src/${to.layer}`;
}

function checkStages(from: string, to: string, target: string): string | null {
  const reach = rankOf(to);
  if (reach === null) return `imports ${target}: src/core/${to} is not in the list of stages`;
  const own = rankOf(from);
  if (own === null) return `stands in src/core/${from}, which is not in the list of stages`;
  return reach <= own ? null : `imports ${target}: in src/core ${from} stands before ${to}`;
}

/** Leaves are before all stages, conclusions behind them, each in its own order. */
function rankOf(part: string): number | null {
  if (part.endsWith(".ts")) {
    const conclusion = coreConclusions.findIndex((name) => name === part);
    return conclusion < 0 ? -1 : coreStages.length + conclusion;
  }
  const stage = coreStages.findIndex((name) => name === part);
  return stage < 0 ? null : stage;
}

function checkPackage(path: string, from: Location, specifier: string): string | null {
  if (from.layer !== "core" || isTestSupport(path)) return null;
  if (specifier === "node:crypto") return null;
  const isPure = purePackages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  return isPure ? null : `imports ${specifier}: src/core uses node:crypto and pure packages only`;
}

function checkBans(file: SourceFile): Offence[] {
  const from = locate(file.path);
  if (from === null || isTestSupport(file.path)) return [];
  const lines = dropComments(file.text).split("\n");
  const bans = from.layer === "core" ? coreBans : [];
  const readsEnvironment = /\bprocess\s*(?:\.\s*env\b|\[\s*["']env["']\s*\])|\bimport\b.*\benv\b.*["']node:process["']/;
  return lines.flatMap((text, index) => {
    const found = bans.filter(([pattern]) => pattern.test(text)).map(([, what]) => `src/core must not use ${what}`);
    // A simulator that starts git hands on where programs are found; that configures nothing.
    const own = from.layer === "simulators" ? text.replace('process.env["PATH"]', "") : text;
    if (from.layer !== "core" && from.layer !== "apps" && readsEnvironment.test(own)) {
      found.push("only src/apps reads the environment");
    }
    return found.map((rule) => ({ path: file.path, line: index + 1, rule }));
  });
}

/** Modules that a text imports: statements, re-exports, side effects, `import()` as a value and as a type. */
export function listImports(text: string): { specifier: string; line: number }[] {
  const code = dropComments(text);
  const pattern =
    /^[ \t]*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']|^[ \t]*import\s*["']([^"']+)["']|\bimport\s*\(\s*["'`]([^"'`]+)["'`]/gm;
  return [...code.matchAll(pattern)].map((match) => ({
    specifier: match[1] ?? match[2] ?? match[3] ?? "",
    line: code.slice(0, match.index).split("\n").length,
  }));
}

/** Replaces comments by their line breaks; texts in quotes stay, so that `//` in an address is no comment. */
function dropComments(text: string): string {
  const pattern = /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`)|\/\*[^]*?\*\/|\/\/[^\n]*/g;
  return text.replaceAll(pattern, (whole: string, quoted: string | undefined) => {
    return quoted ?? "\n".repeat(whole.split("\n").length - 1);
  });
}
