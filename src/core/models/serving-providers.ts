/** Names under which people and gateways know who serves a model, to one name each. */
const aliases: Readonly<Record<string, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  bedrock: "bedrock",
  "aws-bedrock": "bedrock",
  aws: "bedrock",
  "amazon-bedrock": "bedrock",
  azure: "azure",
  "azure-openai": "azure",
  azure_ai: "azure",
  azure_openai: "azure",
  vertex: "vertex",
  vertex_ai: "vertex",
  "vertex-ai": "vertex",
  "google-vertex": "vertex",
  google: "google",
  gemini: "google",
  "google-ai-studio": "google",
  openrouter: "openrouter",
  groq: "groq",
  together: "together",
  together_ai: "together",
  fireworks: "fireworks",
  fireworks_ai: "fireworks",
  deepinfra: "deepinfra",
  mistral: "mistral",
  cohere: "cohere",
  deepseek: "deepseek",
  xai: "xai",
  "x-ai": "xai",
  perplexity: "perplexity",
  cerebras: "cerebras",
  huggingface: "huggingface",
  replicate: "replicate",
  databricks: "databricks",
  ollama: "ollama",
  ollama_chat: "ollama",
  sagemaker: "sagemaker",
  sagemaker_chat: "sagemaker",
  vllm: "vllm",
  hosted_vllm: "vllm",
  portkey: "portkey",
  litellm: "litellm",
  litellm_proxy: "litellm",
};

/** Behind these stands whatever its operator put there: the id says nothing about the model. */
const opaqueProviders: ReadonlySet<string> = new Set(["azure", "sagemaker", "vllm", "portkey", "ollama", "litellm"]);

/** These serve models of many vendors and write ids as `vendor/model`. */
const resellers: ReadonlySet<string> = new Set([
  "openrouter",
  "groq",
  "together",
  "fireworks",
  "deepinfra",
  "huggingface",
  "replicate",
  "vertex",
  "databricks",
]);

/** Vendor names as resellers and Bedrock write them. */
const vendors: Readonly<Record<string, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "google",
  mistralai: "mistral",
  mistral: "mistral",
  "meta-llama": "meta",
  meta: "meta",
  cohere: "cohere",
  amazon: "amazon",
  deepseek: "deepseek",
  "deepseek-ai": "deepseek",
  "x-ai": "xai",
  qwen: "qwen",
  ai21: "ai21",
  microsoft: "microsoft",
  nvidia: "nvidia",
};

/**
 * Public addresses of providers, with who answers there: an endpoint there is the provider itself, any other is somebody's gateway.
 * Exact names: the same word under another ending (`api.openai.xyz`) belongs to whoever registered it.
 */
const publicHosts: readonly (readonly [host: RegExp, providers: readonly string[]])[] = [
  [/^(?:(?:us|eu)\.)?api\.openai\.com$/, ["openai"]],
  [/^api\.anthropic\.com$/, ["anthropic"]],
  [/^api\.mistral\.ai$/, ["mistral"]],
  [/^api\.groq\.com$/, ["groq"]],
  [/^api\.together\.(?:xyz|ai)$/, ["together"]],
  [/^api\.deepseek\.com$/, ["deepseek"]],
  [/^api\.x\.ai$/, ["xai"]],
  [/^api\.cerebras\.ai$/, ["cerebras"]],
  [/^api\.fireworks\.ai$/, ["fireworks"]],
  [/^api\.cohere\.(?:com|ai)$/, ["cohere"]],
  [/^api\.perplexity\.ai$/, ["perplexity"]],
  [/^bedrock-runtime(?:-fips)?\.[a-z0-9-]{4,30}\.amazonaws\.com$/, ["bedrock"]],
  // People call both of Google's services by either name.
  [/^generativelanguage\.googleapis\.com$/, ["google", "vertex"]],
  [/^(?:[a-z0-9-]{4,30}-)?aiplatform\.googleapis\.com$/, ["vertex", "google"]],
  [/^openrouter\.ai$/, ["openrouter"]],
];

/** The one name of a provider; null for a name that is not known. */
export function matchProvider(name: string): string | null {
  const folded = name.trim().toLowerCase();
  return Object.hasOwn(aliases, folded) ? (aliases[folded] ?? null) : null;
}

/** Whether a provider hides which model it serves. */
export function isOpaqueProvider(provider: string): boolean {
  return opaqueProviders.has(provider);
}

/** Whether a provider writes ids as `vendor/model`. */
export function isReseller(provider: string): boolean {
  return resellers.has(provider);
}

/** The one name of a vendor; null for a name that is not known. */
export function matchVendor(name: string): string | null {
  const folded = name.toLowerCase();
  return Object.hasOwn(vendors, folded) ? (vendors[folded] ?? null) : null;
}

/** The names of the provider whose own public address an endpoint is; null for anybody else's address. */
export function matchEndpoint(endpoint: string): readonly string[] | null {
  const match = /^https:\/\/([A-Za-z0-9.-]{1,253})(?::443)?(?:\/|$)/.exec(endpoint);
  const host = match?.[1]?.toLowerCase();
  return host === undefined ? null : (publicHosts.find(([pattern]) => pattern.test(host))?.[1] ?? null);
}

/**
 * The place of a cloud where a model runs, as its ARN or its provider's public address says it: `eu-west-1`, `europe-west4`, `eu`. Null when
 * neither says one; a private address says nothing that could be relied on.
 */
export function readPlace({ model, endpoint }: { model: string; endpoint: string | null }): string | null {
  const arn = /^arn:aws[a-z-]{0,12}:(?:bedrock|sagemaker):([a-z0-9-]{4,30}):/.exec(model.trim())?.[1];
  if (arn !== undefined) return arn;
  if (endpoint === null || matchEndpoint(endpoint) === null) return null;
  const host = new URL(endpoint).hostname;
  const forms = [
    /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com$/,
    /^([a-z0-9-]+)-aiplatform\.googleapis\.com$/,
    /^(us|eu)\.api\.openai\.com$/,
  ];
  return forms.map((form) => form.exec(host)?.[1]).find((place) => place !== undefined) ?? null;
}
