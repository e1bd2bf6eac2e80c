import { StaleVersionError } from "../../ports/store.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { findProposal, identifyProposal, type ProposalRequest, requestProposal } from "./request-proposal.ts";

/** What became of the wish for a pull request. */
export type Asked =
  /** Its job is queued. */
  | { kind: "asked" }
  /** It is open already. */
  | { kind: "open"; number: number }
  | { kind: "refused"; why: string };

const attempts = 8;

/**
 * Asks for a pull request on behalf of a person, in a commit of its own. One that is open is named; one that was closed without a
 * merge is opened anew, on another branch.
 *
 * @throws GitHubError when one was opened before and GitHub does not say what became of it
 */
export async function askOnce(
  request: ProposalRequest,
  ports: Pick<FlowPorts, "github" | "store" | "queue">,
  now: Date,
): Promise<Asked> {
  const known = await findProposal(request, ports.store);
  if (known?.of === identifyProposal(request)) {
    if (known.state === "asked") return { kind: "asked" };
    if (known.pull !== null) {
      const [owner = "", name = ""] = known.repository.split("/");
      const port = await ports.github.openRepository(owner, name);
      const pull = await port.readPull(known.pull);
      if (pull?.state === "open") return { kind: "open", number: known.pull };
      if (pull?.merged === true) return { kind: "refused", why: `#${known.pull} was merged and is being settled` };
    }
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ports.store.transaction((tx) => requestProposal({ ...request, isAgain: true }, ports, tx, now));
      return { kind: "asked" };
    } catch (error) {
      // The flag's job wrote it in between.
      if (!(error instanceof StaleVersionError) || attempt === attempts) throw error;
    }
  }
}
