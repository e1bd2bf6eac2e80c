/** The operator cannot be served now; the message says what to do. Exit code 1. */
export class ChannelError extends Error {
  override readonly name = "ChannelError";
}
