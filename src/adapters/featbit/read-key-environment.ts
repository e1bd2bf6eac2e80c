/** The id of the environment that an SDK key belongs to, or null when it has not the form of one (facts/featbit-streaming.md section 1). */
export function readKeyEnvironment(sdkKey: string): string | null {
  const tail = sdkKey.slice(22);
  if (sdkKey.length !== 44 || !/^[A-Za-z0-9_-]{22}$/.test(tail)) return null;
  const bytes = Buffer.from(tail.replaceAll("_", "/").replaceAll("-", "+"), "base64");
  if (bytes.length !== 16) return null;
  // .NET writes the first three groups of a GUID with the low byte first.
  const ordered = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((index) =>
    bytes.subarray(index, index + 1),
  );
  const hex = Buffer.concat(ordered).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
