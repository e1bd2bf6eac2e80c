import { expect, it } from "vitest";
import { isSecretKey, matchSecretValue } from "./secrets.ts";

it.each<[string, string]>([
  ["an OpenAI key", "sk-proj-abcDEF123456789012345"],
  ["an Anthropic key", "sk-ant-api03-abcdef1234567890"],
  ["a GitHub token", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"],
  ["a fine-grained GitHub token", "github_pat_11AAAAAAA0abcdefghijklmnop"],
  ["a FeatBit access token", "api-Zm9vYmFyMTIzNDU2Nzg5MA-xyz"],
  ["an AWS key id inside other text", "key=AKIAIOSFODNN7EXAMPLE;"],
  ["a private key", "-----BEGIN RSA PRIVATE KEY-----"],
  ["a bearer token", "Bearer abcdefghijklmnop123"],
  ["a password in a URL", "https://user:hunter2@example.com/"],
  ["a JSON web token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc"],
])("%s is seen", (_name, text) => {
  expect(matchSecretValue(text)).not.toBeNull();
});

it.each([
  "gpt-4o-2024-08-06",
  "api-gateway-production-europe",
  "task-abcdefghijklmnop",
  "sk-learn",
  "AKIA",
  "eu",
  "https://example.com/a:b",
])("%s is no secret", (text) => {
  expect(matchSecretValue(text)).toBeNull();
});

it("knows keys by name and leaves token counts alone", () => {
  expect(
    ["api_key", "apiKey", "x-api-key", "password", "openai_api_key", "token", "Authorization"].filter(isSecretKey),
  ).toHaveLength(7);
  expect(["max_tokens", "stop_token", "tokenizer", "top_p", "seed", "author", "secretary"].filter(isSecretKey)).toEqual(
    [],
  );
});

it("comes to an end over hostile text (the bench measures how soon)", () => {
  for (const piece of ["sk-", "eyJ", "api-", "Bearer ", "://a:", "-----BEGIN ", "xox", "ghp_"])
    expect(() => matchSecretValue(piece.repeat(50_000))).not.toThrow();
});
