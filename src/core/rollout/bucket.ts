import { createHash } from "node:crypto";

/**
 * FeatBit's place of a key on the line from 0 to 1 (facts/featbit-streaming.md section 3, Hash): MD5, first four bytes
 * as a little-endian signed integer, divided by 2^31, without its sign. It depends on nothing else, so a range that grows
 * from 0 only adds users.
 */
export function computeBucket(text: string): number {
  return Math.abs(createHash("md5").update(text, "utf8").digest().readInt32LE(0) / 2 ** 31);
}

/**
 * Where users without the dispatch attribute fall: the Node SDK hashes the word `undefined`, FeatBit's own evaluation the
 * empty text (facts/featbit-streaming.md section 3). Both are single points of the line, known for every flag.
 */
export function computeBlindSpots(flagKey: string): readonly number[] {
  return [computeBucket(`${flagKey}undefined`), computeBucket(flagKey)].toSorted((a, b) => a - b);
}
