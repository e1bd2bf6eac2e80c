/** The address cannot be listened on; `message` says why in words for the operator. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly retryable = false;
}
