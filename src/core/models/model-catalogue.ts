/** When this table was last looked through. Ids that appear later are unknown, and unknown counts as changed. */
export const catalogueDate = "2026-11-22";

/** A model line of a vendor: ids without snapshot, each with its version inside the family. */
interface FamilyEntry {
  vendor: string;
  family: string;
  /** Id without router prefix, geography, snapshot and `-latest`, to version. */
  ids: Readonly<Record<string, string>>;
}

/**
 * Families are kept narrow on purpose: two models are of one family only when a vendor calls them versions of one line.
 * An id that is not here has no family, whatever it looks like (facts/formats.md section 2: guessing was wrong on real ids).
 */
const families: readonly FamilyEntry[] = [
  {
    vendor: "anthropic",
    family: "claude-opus",
    ids: {
      "claude-3-opus": "3",
      "claude-opus-4": "4",
      "claude-opus-4-0": "4",
      "claude-opus-4-1": "4.1",
      "claude-opus-4.1": "4.1",
      "claude-opus-4-5": "4.5",
      "claude-opus-4.5": "4.5",
    },
  },
  {
    vendor: "anthropic",
    family: "claude-sonnet",
    ids: {
      "claude-3-sonnet": "3",
      "claude-3-5-sonnet": "3.5",
      "claude-3.5-sonnet": "3.5",
      "claude-3-7-sonnet": "3.7",
      "claude-3.7-sonnet": "3.7",
      "claude-sonnet-4": "4",
      "claude-sonnet-4-0": "4",
      "claude-sonnet-4-5": "4.5",
      "claude-sonnet-4.5": "4.5",
    },
  },
  {
    vendor: "anthropic",
    family: "claude-haiku",
    ids: {
      "claude-3-haiku": "3",
      "claude-3-5-haiku": "3.5",
      "claude-3.5-haiku": "3.5",
      "claude-haiku-4-5": "4.5",
      "claude-haiku-4.5": "4.5",
    },
  },
  { vendor: "openai", family: "gpt-3.5-turbo", ids: { "gpt-3.5-turbo": "3.5" } },
  { vendor: "openai", family: "gpt-4", ids: { "gpt-4": "4" } },
  { vendor: "openai", family: "gpt-4-turbo", ids: { "gpt-4-turbo": "4" } },
  { vendor: "openai", family: "gpt-4o", ids: { "gpt-4o": "4o" } },
  { vendor: "openai", family: "gpt-4o-mini", ids: { "gpt-4o-mini": "4o" } },
  { vendor: "openai", family: "gpt-4.1", ids: { "gpt-4.1": "4.1" } },
  { vendor: "openai", family: "gpt-4.1-mini", ids: { "gpt-4.1-mini": "4.1" } },
  { vendor: "openai", family: "gpt-4.1-nano", ids: { "gpt-4.1-nano": "4.1" } },
  { vendor: "openai", family: "gpt-5", ids: { "gpt-5": "5", "gpt-5.1": "5.1" } },
  { vendor: "openai", family: "gpt-5-mini", ids: { "gpt-5-mini": "5" } },
  { vendor: "openai", family: "gpt-5-nano", ids: { "gpt-5-nano": "5" } },
  { vendor: "openai", family: "o1", ids: { o1: "1" } },
  { vendor: "openai", family: "o3", ids: { o3: "3" } },
  { vendor: "openai", family: "o3-mini", ids: { "o3-mini": "3" } },
  { vendor: "openai", family: "o4-mini", ids: { "o4-mini": "4" } },
  {
    vendor: "google",
    family: "gemini-pro",
    ids: { "gemini-1.5-pro": "1.5", "gemini-2.5-pro": "2.5" },
  },
  {
    vendor: "google",
    family: "gemini-flash",
    ids: { "gemini-1.5-flash": "1.5", "gemini-2.0-flash": "2.0", "gemini-2.5-flash": "2.5" },
  },
  {
    vendor: "google",
    family: "gemini-flash-lite",
    ids: { "gemini-2.0-flash-lite": "2.0", "gemini-2.5-flash-lite": "2.5" },
  },
  { vendor: "mistral", family: "mistral-large", ids: { "mistral-large": "" } },
  { vendor: "mistral", family: "mistral-medium", ids: { "mistral-medium": "" } },
  { vendor: "mistral", family: "mistral-small", ids: { "mistral-small": "" } },
  { vendor: "cohere", family: "command-r", ids: { "command-r": "" } },
  { vendor: "cohere", family: "command-r-plus", ids: { "command-r-plus": "" } },
  { vendor: "amazon", family: "nova-micro", ids: { "nova-micro": "1" } },
  { vendor: "amazon", family: "nova-lite", ids: { "nova-lite": "1" } },
  { vendor: "amazon", family: "nova-pro", ids: { "nova-pro": "1" } },
  { vendor: "deepseek", family: "deepseek-chat", ids: { "deepseek-chat": "" } },
  { vendor: "deepseek", family: "deepseek-reasoner", ids: { "deepseek-reasoner": "" } },
];

/** What is known of one id. */
export interface CatalogueEntry {
  vendor: string;
  family: string;
  version: string;
}

const byId: ReadonlyMap<string, CatalogueEntry> = new Map(
  families.flatMap(({ vendor, family, ids }) =>
    Object.entries(ids).map(([id, version]) => [id, { vendor, family, version }] as const),
  ),
);

/** Looks an id up; exact, never by likeness. */
export function matchCatalogue(id: string): CatalogueEntry | null {
  return byId.get(id) ?? null;
}
