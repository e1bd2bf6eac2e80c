import { type IFbClient, UserBuilder } from "@featbit/node-server-sdk";
import { cut } from "../../core/problem.ts";
import type { Probe, ProbeResult, ServedValue } from "../../core/rollout/probe.ts";
import { parseServed } from "../../core/rollout/served-value.ts";

/** Never a value that a flag serves: the SDK gives it back when it has nothing to serve. */
const nothing = "\u0000routeward-nothing-served";

function buildUser(probe: Probe) {
  const { name = "", ...attributes } = probe.attributes;
  const builder = new UserBuilder(probe.userKey).name(name);
  for (const [attribute, value] of Object.entries(attributes)) builder.custom(attribute, value);
  return builder.build();
}

function describeServed(served: ServedValue): string {
  const parts = [served.variation, served.digest, served.stage].filter((part) => part !== null);
  return cut(parts.join(" "));
}

/** Evaluates one probe through the SDK. Never throws: the SDK does for some flags (facts/featbit.md section 11, pitfall 3). */
export async function evaluateProbe(
  client: IFbClient,
  flagKey: string,
  isJson: boolean,
  probe: Probe,
): Promise<ProbeResult> {
  const fail = (problem: string): ProbeResult => ({ probe, served: null, ok: false, problem });
  let text: string;
  try {
    const detail = await client.stringVariationDetail(flagKey, buildUser(probe), nothing);
    text = detail.value ?? nothing;
    if (text === nothing) return fail(`the SDK serves nothing: ${cut(detail.reason ?? detail.kind)}`);
  } catch (error) {
    return fail(`the SDK failed: ${cut(String(error))}`);
  }
  const served = isJson ? parseServed(text) : { variation: text, digest: null, stage: null };
  if (served === null) return fail(`the SDK serves something that is not Routeward's: ${cut(text, 60)}`);
  const { expected } = probe;
  const ok =
    served.variation === expected.variation && served.digest === expected.digest && served.stage === expected.stage;
  if (ok) return { probe, served, ok, problem: null };
  return { probe, served, ok, problem: `expected ${describeServed(expected)}, served ${describeServed(served)}` };
}
