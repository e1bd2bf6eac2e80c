import { pino, type DestinationStream, type Logger } from "pino";

/** Shapes of secrets that nobody configured, such as installation tokens. Each is one bounded, linear pattern. */
const secretShapes: readonly RegExp[] = [
  /gh[pousr]_[A-Za-z0-9_.-]{16,2000}/g,
  /github_pat_[A-Za-z0-9_]{16,255}/g,
  /\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,2000}(?:\.[A-Za-z0-9_-]{0,2000})?/g,
  /\bapi-[A-Za-z0-9_-]{20,200}/g,
  /-----BEGIN [A-Z ]{3,40}-----[^-]{0,8000}-----END [A-Z ]{3,40}-----/g,
  /sha256=[0-9a-f]{64}/g,
];

/** Replaces configured secrets and everything that has the shape of one. */
export function maskSecrets(line: string, secrets: readonly string[]): string {
  let masked = line;
  for (const secret of secrets) {
    if (secret.length >= 6) masked = masked.replaceAll(secret, "[secret]");
  }
  for (const shape of secretShapes) masked = masked.replace(shape, "[secret]");
  return masked;
}

/**
 * The program's log: JSON lines with a constant message and data as fields. Every line is masked just before it is
 * written, whoever wrote it, so that a library that logs a request cannot spill its token (SPEC 18).
 *
 * @param secrets values that must never appear; also masked in the escaped form that JSON gives them
 */
export function createLog(options: {
  level: string;
  secrets: readonly string[];
  destination?: DestinationStream;
}): Logger {
  const secrets = options.secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const target = options.destination ?? pino.destination({ fd: 1, sync: true });
  return pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => target.write(maskSecrets(line, secrets)) },
  );
}
