import type { Policy } from "../policy/policy.ts";
import type { Bundle } from "../routes/route-file.ts";
import { matchCatalogue } from "./model-catalogue.ts";
import { isOpaqueProvider, isReseller, matchEndpoint, matchProvider, matchVendor } from "./serving-providers.ts";
import { readSnapshot } from "./read-snapshot.ts";

/** Five facts about the model that a bundle calls (SPEC 5), each of which may be unknown by itself. */
export interface ModelIdentity {
  /** Who answers the request: `bedrock`, `openai`. */
  servingProvider: string | null;
  vendor: string | null;
  /** Null is unknown, and unknown is never the same family as anything, itself included. */
  family: string | null;
  version: string | null;
  pinned: "pinned" | "floating" | "unknown";
  /** The target hides what runs behind it; its family must be declared. */
  opaque: boolean;
  /** Geography of an AWS inference profile: `us`, `eu`, `global`. A change of it moves data. */
  geography: string | null;
  /** A reseller's variant such as `free`: other terms and another price. */
  variant: string | null;
  /** How it was read, as a sentence for people. */
  why: string;
}

const nothing: ModelIdentity = {
  servingProvider: null,
  vendor: null,
  family: null,
  version: null,
  pinned: "unknown",
  opaque: false,
  geography: null,
  variant: null,
  why: "",
};

/**
 * Reads what a bundle says about its model, in the order of facts/formats.md section 2. The catalogue decides the family; where it
 * knows nothing, the policy's `modelFamilies` does, then the declared `modelFamily`. A declaration never overrules the catalogue,
 * since an author can raise the risk of a change and not lower it.
 */
export function identifyModel(bundle: Bundle, policy: Pick<Policy, "modelFamilies">): ModelIdentity {
  const read = readTarget(bundle);
  const governed = governedFamily(bundle, policy);
  if (governed !== null) {
    return { ...read, family: governed, why: `${read.why}; the family is set by the policy` };
  }
  if (read.family !== null) {
    const declared = bundle.modelFamily;
    const isOther = declared !== null && declared !== read.family;
    return isOther ? { ...read, why: `${read.why}; the declared family ${declared} was not taken` } : read;
  }
  if (bundle.modelFamily === null) return read;
  return { ...read, family: bundle.modelFamily, why: `${read.why}; the family is declared in the file` };
}

/** Whether two models are known to be of one family. Unknown is never the same. */
export function isSameFamily(a: ModelIdentity, b: ModelIdentity): boolean {
  return (
    a.family !== null && a.family === b.family && (a.vendor === null || b.vendor === null || a.vendor === b.vendor)
  );
}

function governedFamily(bundle: Bundle, policy: Pick<Policy, "modelFamilies">): string | null {
  for (const target of [bundle.endpoint, bundle.model]) {
    if (target !== null && Object.hasOwn(policy.modelFamilies, target)) return policy.modelFamilies[target] ?? null;
  }
  return null;
}

function readTarget(bundle: Bundle): ModelIdentity {
  const id = bundle.model.trim();
  const provider = bundle.provider === null ? null : (matchProvider(bundle.provider) ?? bundle.provider.toLowerCase());
  const hide = (why: string, servingProvider = provider): ModelIdentity => ({
    ...nothing,
    servingProvider,
    version: bundle.version,
    opaque: true,
    why,
  });
  if (/^os\.environ\/|[$%]\{|\{\{|^\$[A-Za-z_]|^env[:.]/i.test(id.slice(0, 300))) {
    return hide("the model is a reference that is filled in at run time");
  }
  if (id.includes("*")) return hide("the model is a wildcard");
  if (/^[a-z][a-z0-9+.-]{1,20}:\/\//i.test(id)) return hide("the model is an address");
  if (id.startsWith("@")) return hide("the model is a gateway's own name");
  const answering = bundle.endpoint === null ? null : matchEndpoint(bundle.endpoint);
  if (bundle.endpoint !== null && answering === null) {
    return hide("the endpoint is not a provider's public address");
  }
  // Many providers speak OpenAI's language: who answers is decided by the address, not by the name beside it.
  const hideElsewhere = (named: string | null): ModelIdentity | null => {
    if (answering === null || named === null || answering.includes(named)) return null;
    const [owner = "somebody else"] = answering;
    return hide(`the endpoint belongs to ${owner}, and the record names ${named}`, owner);
  };
  if (id.startsWith("arn:")) {
    return hideElsewhere(id.includes(":bedrock:") ? "bedrock" : provider) ?? readArn(id, bundle, hide);
  }

  const { servingProvider: named, name, conflict } = splitRouter(id, provider);
  if (conflict !== null) return { ...nothing, servingProvider: named, version: bundle.version, why: conflict };
  const elsewhere = hideElsewhere(named);
  if (elsewhere !== null) return elsewhere;
  if (named === null && provider === "litellm") return hide("a gateway's own name does not say which model it is");
  const servingProvider = named ?? answering?.[0] ?? null;
  if (servingProvider !== null && isOpaqueProvider(servingProvider)) {
    return hide(`a deployment of ${servingProvider} does not say which model it is`, servingProvider);
  }
  if (/^ft[:-]/.test(name)) return hide("a fine-tuned model is known only to its owner", servingProvider);
  return readName(name, servingProvider, bundle);
}

function readArn(id: string, bundle: Bundle, hide: (why: string, provider?: string) => ModelIdentity): ModelIdentity {
  const match = /^arn:aws[a-z-]{0,12}:bedrock:[a-z0-9-]{0,30}:\d{0,12}:([a-z-]{1,40})\/(.{1,200})$/.exec(id);
  if (match === null) {
    return hide(
      "the resource behind the ARN does not say which model it is",
      id.includes(":sagemaker:") ? "sagemaker" : undefined,
    );
  }
  const [, kind, name = ""] = match;
  // The system's own profiles and the foundation models carry the model's id; everything else is the account's.
  if (kind === "foundation-model" || kind === "inference-profile") return readName(name, "bedrock", bundle);
  return hide(`a Bedrock ${kind} does not say which model it is`, "bedrock");
}

/** Takes gateway prefixes such as `bedrock/converse/` or `openrouter/` off, as far as they agree with the declared provider. */
function splitRouter(
  id: string,
  declared: string | null,
): { servingProvider: string | null; name: string; conflict: string | null } {
  let servingProvider = declared === "litellm" ? null : declared;
  let name = id;
  for (let step = 0; step < 3; step++) {
    const slash = name.indexOf("/");
    if (slash === -1) break;
    const head = name.slice(0, slash);
    const prefix = matchProvider(head);
    const isVendor = servingProvider !== null && (isReseller(servingProvider) || servingProvider === "bedrock");
    if (servingProvider === "bedrock" && (head === "converse" || head === "invoke")) {
      name = name.slice(slash + 1);
      continue;
    }
    if (prefix === null || (isVendor && prefix !== servingProvider)) break;
    if (servingProvider !== null && prefix !== servingProvider) {
      return { servingProvider, name, conflict: `the provider is ${servingProvider}, and the id names ${prefix}` };
    }
    servingProvider = prefix;
    name = name.slice(slash + 1);
  }
  return { servingProvider, name, conflict: null };
}

function readName(full: string, servingProvider: string | null, bundle: Bundle): ModelIdentity {
  const variant = /:(free|nitro|floor|online|thinking|extended|exacto|beta)$/.exec(full)?.[1] ?? null;
  let name = variant === null ? full : full.slice(0, -(variant.length + 1));
  let vendor: string | null = null;
  let geography: string | null = null;
  if (servingProvider === "bedrock") {
    const scope = /^(us-gov|us|eu|apac|au|jp|ca|global)\./.exec(name)?.[1];
    geography = scope ?? null;
    name = scope === undefined ? name : name.slice(scope.length + 1);
    const dot = name.indexOf(".");
    vendor = dot === -1 ? null : matchVendor(name.slice(0, dot));
    name = vendor === null ? name : name.slice(dot + 1);
  } else if (name.includes("/")) {
    vendor = matchVendor(name.slice(0, name.indexOf("/")));
    name = vendor === null ? name : name.slice(name.indexOf("/") + 1);
  }
  const snapshot = readSnapshot(name.toLowerCase());
  const entry = matchCatalogue(snapshot.name);
  const isKnown = entry !== null && (vendor === null || vendor === entry.vendor);
  const version = [isKnown ? entry.version : "", snapshot.version ?? bundle.version ?? ""].filter(Boolean).join("@");
  return {
    servingProvider,
    vendor: isKnown ? entry.vendor : vendor,
    family: isKnown ? entry.family : null,
    version: version === "" ? null : version,
    pinned: pinnedOf(snapshot, isKnown, bundle.version),
    opaque: false,
    geography,
    variant,
    why: isKnown ? "read from the model's id" : "the model's id is not in the catalogue",
  };
}

function pinnedOf(
  snapshot: ReturnType<typeof readSnapshot>,
  isKnown: boolean,
  declaredVersion: string | null,
): ModelIdentity["pinned"] {
  if (snapshot.moving) return "floating";
  if (snapshot.version !== null) return "pinned";
  // A vendor's alias follows its newest snapshot, whatever version the file claims.
  if (isKnown) return "floating";
  return declaredVersion === null ? "unknown" : "pinned";
}
