import { fail, pass, warn, type Finding } from "./finding.ts";

/** FeatBit's streaming refuses connections whose time differs by more (facts/featbit-streaming.md section 1). */
export const streamingLimitMs = 30_000;
/** GitHub takes a signed request of the app for a minute around its time. */
const githubLimitMs = 60_000;
const noticeMs = 5_000;

function describeSkew(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return `this machine's clock is ${seconds} s ${skewMs > 0 ? "behind" : "ahead of"} it`;
}

/** Judges how far a server's clock is from ours. @param skewMs theirs minus ours; null when it did not tell */
export function checkClock(server: "GitHub" | "FeatBit", subject: string, skewMs: number | null): Finding {
  const check = server === "GitHub" ? "clock.github" : "clock.featbit";
  const mend = "Keep the clock by NTP (timedatectl, chrony), here and on the server.";
  if (skewMs === null) return warn(check, subject, `${server} did not tell its time`, mend);
  const limit = server === "GitHub" ? githubLimitMs : streamingLimitMs;
  const consequence =
    server === "GitHub"
      ? "it refuses the app's signature beyond 60 s"
      : "its streaming refuses the SDK beyond 30 s, for good and without a word";
  if (Math.abs(skewMs) >= limit) return fail(check, subject, `${describeSkew(skewMs)}; ${consequence}`, mend);
  if (Math.abs(skewMs) >= noticeMs) return warn(check, subject, `${describeSkew(skewMs)}; ${consequence}`, mend);
  return pass(check, subject, `within ${noticeMs / 1000} s`);
}
