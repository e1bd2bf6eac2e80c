import { flattenLine } from "../../core/report/flatten-line.ts";
import { examine } from "../doctor/examine.ts";
import type { Finding } from "../doctor/finding.ts";
import type { CliCommand } from "./cli-command.ts";
import { parseOptions } from "./parse-options.ts";

const colours: Readonly<Record<Finding["state"], string>> = {
  ok: "\u001B[32m",
  warn: "\u001B[33m",
  fail: "\u001B[31m",
};

function render(findings: readonly Finding[], isColoured: boolean): string {
  const widest = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, subject, state, found, mend }) => {
    const word = state.padEnd(4);
    const shown = isColoured ? `${colours[state]}${word}\u001B[0m` : word;
    const line = `${shown}  ${check.padEnd(widest)}  ${flattenLine(`${subject}: ${found}`)}`;
    return mend === null ? [line] : [line, `${" ".repeat(widest + 8)}${flattenLine(`-> ${mend}`)}`];
  });
  const count = (state: Finding["state"]): number => findings.filter((one) => one.state === state).length;
  return `${[...lines, "", `${count("ok")} ok, ${count("warn")} to know, ${count("fail")} to mend`].join("\n")}\n`;
}

/** `routeward doctor`: tests the installation end to end (SPEC 16). */
export const doctorCommand: CliCommand = {
  usage: `Usage: routeward doctor [--json]

Tests the installation with the environment and the file that \`routeward serve\` reads: configuration, store, GitHub App (identity,
permissions, events, webhook, deliveries), each bound repository (check required and pinned to the app, CODEOWNERS, policy), and
each binding (FeatBit's API, token and rights, SDK key, pending changes, clocks, metrics). It changes nothing; run it beside the app or
before the first start.

Options
  --json      print JSON
  -h, --help  show this text

Exit code: 0 nothing to mend, 1 something is, 2 not understood
`,
  async run(args, context) {
    const options = parseOptions(args, { json: { type: "boolean" } }, 0);
    const findings = await examine(context.env, context.now);
    const isWell = findings.every(({ state }) => state !== "fail");
    if (options.has("json")) context.print(`${JSON.stringify({ version: 1, ok: isWell, findings }, null, 2)}\n`);
    else context.print(render(findings, context.colour));
    return isWell ? 0 : 1;
  },
};
