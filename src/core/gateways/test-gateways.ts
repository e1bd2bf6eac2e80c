import type { GatewayFile } from "./gateway-route.ts";
import { readGateway, recogniseGateway } from "./recognise-gateway.ts";

/** Files of gateways for the tests of the core, written for them. Not part of the program. */
export const gatewayPath = "model-routes/gateway.yaml";

export function readText(text: string, path = gatewayPath): GatewayFile {
  const recognised = recogniseGateway(path, text);
  if (recognised === null) throw new Error("the test's file is not recognised");
  return readGateway(recognised);
}

/** Codes of the problems, each with its severity and line. */
export function listCodes(file: Pick<GatewayFile, "problems">): readonly string[] {
  return file.problems.map(({ code, severity, line }) => `${severity} ${code} ${line}`);
}

export const litellmText = `# answers of the support desk
model_list:
  - model_name: support-answer
    litellm_params:
      model: openai/gpt-4o-2024-08-06
      api_key: os.environ/OPENAI_API_KEY
      temperature: 0.2
      timeout: 30
    model_info:
      id: support-1
  - model_name: support-backup
    litellm_params:
      model: anthropic/claude-sonnet-4-5-20250929
      api_key: os.environ/ANTHROPIC_API_KEY
      max_tokens: 800
router_settings:
  num_retries: 2
  fallbacks:
    - support-answer: [support-backup]
litellm_settings:
  drop_params: true
  request_timeout: 60
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
`;

export const envoyText = `apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata:
  name: support
spec:
  parentRefs:
    - name: edge
  rules:
    - matches:
        - headers:
            - type: Exact
              name: x-ai-eg-model
              value: gpt-4o-2024-08-06
      backendRefs:
        - name: openai
          weight: 90
        - name: claude
          weight: 10
          modelNameOverride: anthropic.claude-sonnet-4-5-20250929-v1:0
        - name: openai
          priority: 1
          modelNameOverride: gpt-4o-mini-2024-07-18
      timeouts:
        request: 1m30s
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIServiceBackend
metadata:
  name: openai
spec:
  schema:
    name: OpenAI
  backendRef:
    name: openai
    kind: Backend
    group: gateway.envoyproxy.io
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIServiceBackend
metadata:
  name: claude
spec:
  schema:
    name: AWSBedrock
  backendRef:
    name: bedrock
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata:
  name: openai
spec:
  endpoints:
    - fqdn:
        hostname: api.openai.com
        port: 443
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata:
  name: bedrock
spec:
  endpoints:
    - fqdn:
        hostname: bedrock-runtime.eu-central-1.amazonaws.com
        port: 443
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata:
  name: support-retries
spec:
  targetRefs:
    - group: gateway.networking.k8s.io
      kind: HTTPRoute
      name: support
  retry:
    numRetries: 3
    retryOn:
      httpStatusCodes: [500]
`;

export const kongText = `_format_version: "3.0"
services:
  - name: llm
    url: http://localhost:32000
    routes:
      - name: chat
        paths: ["/chat"]
        plugins:
          - name: ai-proxy-advanced
            config:
              balancer:
                algorithm: round-robin
                read_timeout: 20000
              targets:
                - route_type: llm/v1/chat
                  weight: 70
                  auth:
                    header_name: Authorization
                    header_value: Bearer {vault://env/openai-key}
                  model:
                    provider: openai
                    name: gpt-4o-2024-08-06
                    options:
                      temperature: 0.3
                      input_cost: 2.5
                      output_cost: 10
                - route_type: llm/v1/chat
                  weight: 30
                  model:
                    provider: anthropic
                    name: claude-sonnet-4-5-20250929
          - name: key-auth
`;

export const portkeyText = JSON.stringify(
  {
    strategy: { mode: "fallback", on_status_codes: [429, 503] },
    request_timeout: 12000,
    retry: { attempts: 3 },
    targets: [
      {
        strategy: { mode: "loadbalance" },
        targets: [
          { provider: "openai", override_params: { model: "gpt-4o-2024-08-06", temperature: 0 }, weight: 0.75 },
          { virtual_key: "azure-eu", override_params: { model: "gpt-4o" }, weight: 0.25, request_timeout: 5000 },
        ],
      },
      { provider: "anthropic", override_params: { model: "claude-sonnet-4-5-20250929" } },
    ],
  },
  null,
  2,
);

/** The text with one piece replaced; says so when the piece is not there. */
export function edit(text: string, ...pairs: readonly (readonly [from: string, to: string])[]): string {
  return pairs.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the test's text holds no ${from}`);
    return before.replace(from, () => to);
  }, text);
}
