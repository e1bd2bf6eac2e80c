/**
 * Secrets that people paste into configuration by mistake. The patterns are anchored on a prefix and bounded in length,
 * so that they run in linear time over hostile text.
 */
const valuePatterns: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["an OpenAI or Anthropic style key", /(?:^|[^A-Za-z0-9])sk-(?=[A-Za-z_-]{0,120}[0-9])[A-Za-z0-9_-]{16,200}/],
  ["a GitHub token", /(?:^|[^A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{16,255}|github_pat_[A-Za-z0-9_]{16,255})/],
  [
    "a FeatBit access token",
    /(?:^|[^A-Za-z0-9-])api-(?=[A-Za-z_-]{0,120}[0-9])(?=[^A-Z]{0,120}[A-Z])[A-Za-z0-9_-]{20,200}/,
  ],
  ["an AWS access key id", /(?:^|[^A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/],
  ["a Google API key", /(?:^|[^A-Za-z0-9])AIza[A-Za-z0-9_-]{30,64}/],
  ["a Slack token", /(?:^|[^A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,200}/],
  ["a GitLab token", /(?:^|[^A-Za-z0-9])glpat-[A-Za-z0-9_-]{16,100}/],
  ["a Hugging Face token", /(?:^|[^A-Za-z0-9])hf_[A-Za-z0-9]{20,100}/],
  ["a private key", /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/],
  ["a JSON web token", /(?:^|[^A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{5,2000}/],
  ["a bearer token", /(?:^|[^A-Za-z])[Bb]earer [A-Za-z0-9._~+/=-]{16,2000}/],
  ["a password in a URL", /:\/\/[^\s/:@]{1,100}:[^\s/@]{1,200}@/],
  ["an account key in a connection string", /(?:AccountKey|SharedAccessKey|[?&]sig)=[A-Za-z0-9+/%=]{16,200}/],
];

/** Longest text that is searched; a key that is pasted stands near the beginning. */
const searched = 16_384;

/**
 * Says what kind of secret a text looks like, or null. The answer never holds any part of the text.
 */
export function matchSecretValue(text: string): string | null {
  const head = text.length > searched ? text.slice(0, searched) : text;
  return valuePatterns.find(([, pattern]) => pattern.test(head))?.[0] ?? null;
}

const secretKeys = new Set([
  "accesskey",
  "accesskeyid",
  "accesstoken",
  "apikey",
  "apitoken",
  "auth",
  "authorization",
  "authtoken",
  "awssecretaccesskey",
  "bearer",
  "bearertoken",
  "clientsecret",
  "connectionstring",
  "cookie",
  "credential",
  "credentials",
  "passphrase",
  "passwd",
  "password",
  "privatekey",
  "refreshtoken",
  "sastoken",
  "secret",
  "secretaccesskey",
  "secretkey",
  "sessiontoken",
  "subscriptionkey",
  "token",
  "virtualkey",
  "xapikey",
]);
const secretEndings = [
  "apikey",
  "accesstoken",
  "authtoken",
  "clientsecret",
  "password",
  "privatekey",
  "secretkey",
  "virtualkey",
];

/** Whether a key's name says that a secret stands behind it. `max_tokens` and `stop_token` do not. */
export function isSecretKey(name: string): boolean {
  const plain = name
    .slice(0, 200)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");
  return secretKeys.has(plain) || secretEndings.some((ending) => plain.endsWith(ending));
}
