import { measureCore } from "./core-suite.ts";
import type { Measure } from "./measure.ts";
import { measureRollout } from "./rollout-suite.ts";

/** `npm run bench [-- suite …]`: one JSON line a measure. It reports and never fails: limits hold on a quiet machine only. */
const suites: Readonly<Record<string, (print: (measure: Measure) => void) => void | Promise<void>>> = {
  core: measureCore,
  rollout: measureRollout,
};

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(suites) : wanted) {
  const suite = Object.hasOwn(suites, name) ? suites[name] : undefined;
  if (suite === undefined) process.stderr.write(`no suite ${name}; there are ${Object.keys(suites).join(", ")}\n`);
  else await suite((measure) => void process.stdout.write(`${JSON.stringify(measure)}\n`));
}
