import { readFileSync } from "node:fs";

/** The environment of SPEC 4, checked. */
export interface Environment {
  appId: number;
  /** PEM text. */
  privateKey: string;
  webhookSecret: string;
  /** Null: github.com. */
  gheHost: string | null;
  gheProtocol: "http" | "https";
  host: string;
  port: number;
  publicUrl: string | null;
  store: { kind: "embedded"; dataDir: string } | { kind: "postgres"; databaseUrl: string };
  configPath: string;
  logLevel: string;
  /** How fast GitHub may be written to: as github.com asks, or without a pause. */
  githubPace: "github" | "unpaced";
}

/** The configuration cannot be used. Every mistake is in the list, so that one start shows all of them. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(["The configuration cannot be used:", ...mistakes.map((mistake) => `  - ${mistake}`)].join("\n"));
    this.mistakes = mistakes;
  }
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

function parsePrivateKey(value: string, mistakes: string[]): string {
  const text = value.replaceAll("\\n", "\n").trim();
  if (text.startsWith("-----BEGIN")) return text;
  // A key in base64 survives systems that do not keep line ends.
  const decoded = Buffer.from(text, "base64").toString("utf8");
  if (decoded.startsWith("-----BEGIN")) return decoded.trim();
  try {
    return readFileSync(text, "utf8").trim();
  } catch {
    // The value may be a damaged key: never repeat it.
    mistakes.push("PRIVATE_KEY is neither a PEM key, nor one in base64, nor the path of a readable file");
    return "";
  }
}

/**
 * Reads and checks the environment (SPEC 4).
 *
 * @throws ConfigurationError that lists every mistake at once.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const mistakes: string[] = [];
  const required = (name: string, what: string): string => {
    const value = env[name]?.trim() ?? "";
    if (value === "") mistakes.push(`${name} is missing: ${what}`);
    return value;
  };
  const wholeNumber = (name: string, value: string, limit: number): number => {
    const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (value !== "" && !(parsed >= 0 && parsed <= limit))
      mistakes.push(`${name} must be a whole number, found "${value}"`);
    return parsed;
  };

  const appId = wholeNumber("APP_ID", required("APP_ID", "the number of the GitHub App"), Number.MAX_SAFE_INTEGER);
  const keyPath = env["PRIVATE_KEY_PATH"]?.trim() ?? "";
  const key =
    keyPath === "" ? required("PRIVATE_KEY", "the app's private key (PEM), or the path of its file") : keyPath;
  const privateKey = key === "" ? "" : parsePrivateKey(key, mistakes);
  const webhookSecret = required(
    "WEBHOOK_SECRET",
    "Routeward does not start without one, since anybody could send it webhooks",
  );
  // A variable that is set to nothing, as container files do it, is one that is not set.
  const gheProtocol = env["GHE_PROTOCOL"]?.trim() || "https";
  if (gheProtocol !== "http" && gheProtocol !== "https")
    mistakes.push(`GHE_PROTOCOL must be http or https, found "${gheProtocol}"`);
  const logLevel = env["LOG_LEVEL"]?.trim() || "info";
  if (!logLevels.includes(logLevel))
    mistakes.push(`LOG_LEVEL must be one of ${logLevels.join(", ")}, found "${logLevel}"`);
  const githubPace = env["GITHUB_PACE"]?.trim() || "github";
  if (githubPace !== "github" && githubPace !== "unpaced")
    mistakes.push(`GITHUB_PACE must be github or unpaced, found "${githubPace}"`);
  const port = wholeNumber("PORT", env["PORT"]?.trim() || "3000", 65_535);
  const databaseUrl = env["DATABASE_URL"]?.trim() ?? "";
  if (databaseUrl !== "" && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    mistakes.push("DATABASE_URL must begin with postgres:// or postgresql://");
  }
  const publicUrl = env["PUBLIC_URL"]?.trim() ?? "";
  if (publicUrl !== "" && !URL.canParse(publicUrl)) mistakes.push(`PUBLIC_URL is not a URL: "${publicUrl}"`);
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  return {
    appId,
    privateKey,
    webhookSecret,
    gheHost: env["GHE_HOST"]?.trim() || null,
    gheProtocol: gheProtocol === "http" ? "http" : "https",
    host: env["HOST"]?.trim() || "127.0.0.1",
    port,
    publicUrl: publicUrl === "" ? null : publicUrl,
    store:
      databaseUrl === ""
        ? { kind: "embedded", dataDir: env["DATA_DIR"]?.trim() || "./data" }
        : { kind: "postgres", databaseUrl },
    configPath: env["ROUTEWARD_CONFIG"]?.trim() || "./routeward.config.yaml",
    logLevel,
    githubPace: githubPace === "unpaced" ? "unpaced" : "github",
  };
}
