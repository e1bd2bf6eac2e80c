import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const mainPath = fileURLToPath(new URL("../../src/apps/cli/main.ts", import.meta.url));

/** How a process ended, and everything it wrote. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Milliseconds from its start, or from the signal that ended it. */
  elapsedMs: number;
}

/** The real app as a child process, `routeward serve` with exactly the given environment. */
export interface AppProcess {
  /** Resolves once the app has said that it is running. @throws Error with its output when it ends before that. */
  ready: Promise<{ port: number }>;
  /** What it wrote to standard output so far. */
  output(): string;
  /** SIGKILL; resolves when the process is gone. Repeatable. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process is gone. */
  terminate(): Promise<Ending>;
  ended: Promise<Ending>;
}

/** Starts `routeward <args>`. Nothing of the test's own environment comes along. */
export function startApp(env: Readonly<Record<string, string>>, args: readonly string[] = ["serve"]): AppProcess {
  const child: ChildProcess = spawn(process.execPath, [mainPath, ...args], {
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let start = performance.now();
  let stdout = "";
  let stderr = "";
  let tellReady: (running: { port: number }) => void = () => {};
  let tellBroken: (error: Error) => void = () => {};
  const ready = new Promise<{ port: number }>((resolve, reject) => {
    tellReady = resolve;
    tellBroken = reject;
  });
  // Whoever waits sees the rejection; nobody waiting is no failure of its own.
  ready.catch(() => {});
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    const line = stdout.split("\n").find((one) => one.includes('"routeward is running"'));
    if (line !== undefined) tellReady({ port: (JSON.parse(line) as { port: number }).port });
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code, signal]: unknown[]): Ending => {
    tellBroken(new Error(`the app ended (${String(code)}, ${String(signal)})\n${stderr}\n${stdout.slice(-2_000)}`));
    return {
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout,
      stderr,
      elapsedMs: performance.now() - start,
    };
  });
  return {
    ready,
    output: () => stdout,
    ended,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    async terminate() {
      start = performance.now();
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** A port that is free now, so that an app that is started again is found at the same address. */
export async function findFreePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** Jobs that are not done, from `/metrics`; undefined while the app does not answer. */
export async function countOpenJobs(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) });
    const text = await response.text();
    const lines = text.split("\n").filter((line) => line.startsWith("routeward_jobs{"));
    if (!response.ok || lines.length === 0) return undefined;
    return lines
      .filter((line) => !line.includes('state="parked"'))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  } catch {
    return undefined;
  }
}

/** Asks until the answer is yes. @throws Error that names what was waited for. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(25);
  }
}
