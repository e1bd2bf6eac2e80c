const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ""));

/** Keys of `litellm_params` that say where a call goes and how often; all other keys are sent to the model. */
export const infrastructureKeys = words(`
  model api_key api_base base_url api_version custom_llm_provider timeout stream_timeout max_retries num_retries rpm tpm weight order
  organization aws_access_key_id aws_secret_access_key aws_session_token aws_region_name aws_session_name aws_profile_name aws_role_name
  aws_web_identity_token aws_sts_endpoint aws_bedrock_runtime_endpoint vertex_project vertex_location vertex_credentials region_name
  tenant_id client_id client_secret azure_ad_token azure_username azure_password azure_scope litellm_credential_name
  input_cost_per_token output_cost_per_token input_cost_per_second output_cost_per_second max_parallel_requests max_budget
  budget_duration use_in_pass_through use_litellm_proxy tags configurable_clientside_auth_params mock_response cooldown_time
  watsonx_region_name s3_bucket_name gcs_bucket_name`);

/** Infrastructure that only concerns accounts and limits: compared, and named without its value. */
export const accountKeys = words(`
  api_key organization aws_access_key_id aws_secret_access_key aws_session_token aws_session_name aws_profile_name aws_role_name
  aws_web_identity_token aws_sts_endpoint vertex_project vertex_credentials tenant_id client_id client_secret azure_ad_token
  azure_username azure_password azure_scope litellm_credential_name max_parallel_requests max_budget budget_duration
  use_in_pass_through use_litellm_proxy tags configurable_clientside_auth_params mock_response cooldown_time rpm tpm api_version
  input_cost_per_second output_cost_per_second stream_timeout watsonx_region_name s3_bucket_name gcs_bucket_name`);

/** What may stand in `litellm_params`. A key that is not in here and resembles none is a parameter of some model. */
export const paramsKeys: ReadonlySet<string> = new Set([
  ...infrastructureKeys,
  ...words(`
  temperature top_p top_k min_p max_tokens max_completion_tokens n stop stop_sequences seed stream stream_options presence_penalty
  frequency_penalty repetition_penalty logit_bias logprobs top_logprobs user response_format tools tool_choice functions function_call
  parallel_tool_calls extra_body extra_headers headers reasoning reasoning_effort thinking modalities audio prediction service_tier
  safety_settings dimensions encoding_format input_type drop_params additional_drop_params allowed_openai_params
  cache_control_injection_points guardrails prompt_id prompt_variables prompt_label web_search_options verbosity num_ctx keep_alive
  repeat_penalty model_info litellm_trace_id metadata merge_reasoning_content_in_choices store truncation aws_external_id
  model_id base_model mode`),
]);

/** Names that people write and LiteLLM does not read there. */
export const paramsElsewhere: Readonly<Record<string, string>> = {
  rpm_limit: "rpm",
  tpm_limit: "tpm",
  retries: "num_retries",
  api_url: "api_base",
  endpoint: "api_base",
  supports_function_calling: "model_info.supports_function_calling",
  supports_vision: "model_info.supports_vision",
  max_input_tokens: "model_info.max_input_tokens",
};

export const entryKeys = words("model_name litellm_params model_info litellm_credential_name access_groups");

export const topKeys = words(`
  model_list router_settings litellm_settings general_settings environment_variables include mcp_servers mcp_tools guardrails
  callback_settings vector_store_registry credential_list prompts search_tools finetune_settings files_settings assistant_settings
  policies policy_attachments litellm_license agent_list cache_settings`);

export const routerKeys = words(`
  routing_strategy routing_strategy_args fallbacks default_fallbacks context_window_fallbacks content_policy_fallbacks
  model_group_alias model_group_retry_policy retry_policy num_retries retry_after timeout stream_timeout allowed_fails
  allowed_fails_policy cooldown_time disable_cooldowns enable_pre_call_checks enable_tag_filtering redis_host redis_port redis_password
  redis_url redis_db cache_responses cache_kwargs default_litellm_params default_max_parallel_requests max_fallbacks
  provider_budget_config set_verbose debug_level polling_interval client_ttl optional_pre_call_checks ignore_invalid_deployments
  caching_groups alerting_config router_general_settings assistants_config default_priority search_tools guardrail_list
  enable_health_check_routing`);

/** Keys of the sections whose effect is read into the routes: they are no settings of their own. */
export const consumedKeys: Readonly<Record<string, ReadonlySet<string>>> = {
  router_settings: words(
    "timeout num_retries fallbacks default_fallbacks context_window_fallbacks content_policy_fallbacks model_group_alias routing_strategy",
  ),
  litellm_settings: words(
    "request_timeout num_retries fallbacks default_fallbacks context_window_fallbacks content_policy_fallbacks",
  ),
};
