import { renderCanonical } from "../audit/canonical-text.ts";
import { identifyModel, type ModelIdentity } from "../models/identify-model.ts";
import type { Policy } from "../policy/policy.ts";
import type { Bundle, Fallback } from "../routes/route-file.ts";

/** A bundle with what its rules look at: the digests of the files that it names, and its model read as five facts. */
export interface BundleView {
  bundle: Bundle;
  /** SHA-256 hex by path; null or absent when the file cannot be read. */
  files: Readonly<Record<string, string | null>>;
  identity: ModelIdentity;
}

export function viewBundle(bundle: Bundle, files: BundleView["files"], policy: Policy): BundleView {
  return { bundle, files, identity: identifyModel(bundle, policy) };
}

/**
 * A file that a bundle names, as a text that is equal exactly when name and content are. A file that cannot be read equals
 * nothing, not even itself: what is unknown counts as changed (SPEC 5).
 */
export function stampFile(view: BundleView, path: string | null, side: "from" | "to"): string {
  if (path === null) return "";
  const digest = Object.hasOwn(view.files, path) ? (view.files[path] ?? null) : null;
  return digest === null ? `${path} unreadable ${side}` : `${path} ${digest}`;
}

/** The fallbacks of a bundle, each as a text that is equal exactly when the fallback is. Order matters at run time. */
export function stampFallbacks(view: BundleView, side: "from" | "to"): readonly string[] {
  return view.bundle.fallback.map((fallback) => stampFallback(fallback, view, side));
}

function stampFallback(fallback: Fallback, view: BundleView, side: "from" | "to"): string {
  if (fallback.kind === "name") return `name ${fallback.name}`;
  const { bundle } = fallback;
  const named = [bundle.prompt, bundle.retrieval, bundle.tools].map((path) => stampFile(view, path, side));
  const nested = bundle.fallback.map((each) => stampFallback(each, view, side));
  return renderCanonical([{ ...bundle, fallback: nested }, named]);
}

/** A fallback for people. */
export function showFallback(fallback: Fallback): string {
  return fallback.kind === "name" ? fallback.name : fallback.bundle.model;
}
