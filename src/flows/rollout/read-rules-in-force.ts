import { parsePolicy } from "../../core/policy/parse-policy.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { GitHubError } from "../../ports/github.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { gatherRules } from "../gather-rules.ts";
import { type RulesInForce, rulesInForceKind } from "../records.ts";
import { updateRecord } from "../update-record.ts";

/** A merged policy holds for the watch after this; flags' own jobs read it each time. */
const refreshMs = 5 * 60_000;

async function readAnew(
  repository: string,
  known: RulesInForce | null,
  ports: Pick<FlowPorts, "github" | "store">,
  now: Date,
): Promise<RulesInForce | null> {
  const [owner = "", name = ""] = repository.split("/");
  try {
    const { policy: read, floor: asked } = await gatherRules(await ports.github.openRepository(owner, name));
    // A floor that cannot be read now stays in force as it was: passing it over would let the repository be weaker (SPEC 3).
    const floor = asked.kind === "unreadable" && known?.floor.kind === "text" ? known.floor : asked;
    // Without metric templates nothing would be measured, and a breach would go unseen.
    const isOutdated = !parsePolicy(read, floor).ok && known !== null && parsePolicy(known.policy, floor).ok;
    const policy = isOutdated ? known.policy : read;
    const value: RulesInForce = {
      repository,
      policy,
      floor,
      readAt: now.toISOString(),
      ...(isOutdated ? { isOutdated } : {}),
    };
    await updateRecord(ports.store, rulesInForceKind, repository, `repository/${repository}`, () => value);
    return value;
  } catch (error) {
    // GitHub away must not stop the watch: a breach goes by the rules that were read last.
    if (error instanceof GitHubError) return null;
    throw error;
  }
}

/** The rules by which the guardrail watch goes. */
export interface WatchRules {
  policy: Policy;
  /** The policy of the default branch cannot be understood: breaches go by the last one that could be, and nothing grows by it. */
  isOutdated: boolean;
}

/**
 * The rules of a repository for the guardrail watch: at most five minutes old while GitHub answers, else the last that were
 * read; of a policy that cannot be understood the last one that could be. Null when there never was one.
 */
export async function readRulesInForce(
  repository: string,
  ports: Pick<FlowPorts, "github" | "store">,
  now: Date,
): Promise<WatchRules | null> {
  const known = (await ports.store.getRecord(rulesInForceKind, repository))?.value ?? null;
  const age = known === null ? Infinity : now.getTime() - Date.parse(known.readAt);
  const isOld = !(age >= 0 && age < refreshMs);
  const fresh = isOld ? await readAnew(repository, known, ports, now) : known;
  const rules = fresh ?? known;
  if (rules === null) return null;
  const parsed = parsePolicy(rules.policy, rules.floor);
  return parsed.ok ? { policy: parsed.value, isOutdated: rules.isOutdated === true } : null;
}
