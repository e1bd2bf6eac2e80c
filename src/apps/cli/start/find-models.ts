import type { FileContent } from "../../../core/facts.ts";
import { identifyModel } from "../../../core/models/identify-model.ts";
import type { Bundle } from "../../../core/routes/route-file.ts";

/** A model id that the repository's files name. */
export interface FoundModel {
  id: string;
  provider: string;
  /** Where it is named first. */
  path: string;
  line: number;
  count: number;
}

/** Files looked at, and bytes of them: enough for where models are configured, bounded for repositories that hold data. */
export const searchLimits = { files: 3000, bytes: 32 * 1024 * 1024 } as const;

const bare: Omit<Bundle, "model"> = {
  provider: null,
  modelFamily: null,
  version: null,
  endpoint: null,
  region: null,
  promptVersion: null,
  prompt: null,
  retrievalProfile: null,
  retrieval: null,
  toolPolicy: null,
  tools: null,
  parameters: {},
  timeoutMs: null,
  maxRetries: null,
  fallback: [],
  pricing: null,
  latency: null,
};

const quoted = /["'`]([A-Za-z0-9][A-Za-z0-9._:/@-]{2,120})["'`]/g;
const afterModel = /\bmodel(?:_id|_name|Id|Name)?\s*[:=]\s*["'`]?([A-Za-z0-9][A-Za-z0-9._:/@-]{2,120})/gi;

/** Longer lines are data or generated code. */
const longestLine = 2000;

/** The model ids in some files that the catalogue knows, the most frequent first. Whatever only looks like a model is left out. */
export function findModels(files: readonly { path: string; content: FileContent }[]): readonly FoundModel[] {
  const found = new Map<string, FoundModel>();
  for (const { path, content } of files) {
    if (content.kind !== "text") continue;
    for (const [index, line] of content.text.split("\n").entries()) {
      if (line.length > longestLine) continue;
      const ids = [...line.matchAll(quoted), ...line.matchAll(afterModel)].map((match) => match[1] ?? "");
      for (const id of new Set(ids)) {
        const known = found.get(id);
        if (known !== undefined) found.set(id, { ...known, count: known.count + 1 });
        else {
          const provider = readProvider(id);
          if (provider !== null) found.set(id, { id, provider, path, line: index + 1, count: 1 });
        }
      }
    }
  }
  return [...found.values()].sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
}

function readProvider(id: string): string | null {
  const identity = identifyModel({ ...bare, model: id }, { modelFamilies: {} });
  if (identity.family === null || identity.opaque) return null;
  return identity.servingProvider ?? identity.vendor;
}
