/** A user that exists only for a proof: who it is, and what it must be served. */
export interface Probe {
  /** What it stands for, for people: `internal-support, in the share`. */
  name: string;
  userKey: string;
  /** Always strings: FeatBit's SDK throws on others (facts/featbit.md section 11, pitfall 3). */
  attributes: Readonly<Record<string, string>>;
  expected: ServedValue;
}

/** What distinguishes one served value from another. For a string flag only `variation` is known. */
export interface ServedValue {
  variation: string;
  digest: string | null;
  stage: string | null;
}

export interface ProbeResult {
  probe: Probe;
  /** Null when the SDK gave nothing readable; `problem` then says why. */
  served: ServedValue | null;
  ok: boolean;
  problem: string | null;
}
