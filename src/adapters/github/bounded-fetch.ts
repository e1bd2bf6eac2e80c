/** No answer that we ask for is larger: the largest are trees (7 MB) and batches of blobs. */
const maximumAnswerBytes = 48 * 1024 * 1024;

const bodiless = new Set([101, 103, 204, 205, 304]);

/** Reads a body and gives up above `limit` bytes. @throws Error when it is larger or breaks off. */
export async function readBoundedBody(body: ReadableStream<Uint8Array>, limit: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * A `fetch` with a deadline over the whole answer and a bound on its size. The body is read here, before Octokit sees
 * it: Octokit turns a body that breaks off into an empty one without a word.
 */
export function createBoundedFetch(timeoutMs: number, base: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const given = init?.signal;
    const answer = await base(input, {
      ...init,
      signal: given === undefined || given === null ? deadline : AbortSignal.any([given, deadline]),
    });
    const body = answer.body === null ? null : await readBoundedBody(answer.body, maximumAnswerBytes);
    return new Response(bodiless.has(answer.status) ? null : body, {
      status: answer.status,
      statusText: answer.statusText,
      headers: answer.headers,
    });
  };
}
