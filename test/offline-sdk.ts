import { FbClientBuilder, UserBuilder } from "@featbit/node-server-sdk";
import type { FlagTargeting, FlagVariation, SegmentSnapshot } from "../src/core/rollout/flag.ts";

/** A flag and its segments as the real FeatBit Node SDK reads them, without any server. */
export interface OfflineFlag {
  flagKey: string;
  targeting: FlagTargeting;
  variations: readonly FlagVariation[];
  segments?: readonly SegmentSnapshot[];
  isEnabled?: boolean;
}

/** Opens the real SDK in offline mode and answers the name of the variation that a user gets. */
export async function openOfflineSdk(flags: readonly OfflineFlag[]): Promise<{
  evaluate: (flagKey: string, userKey: string, attributes: Readonly<Record<string, string>>) => Promise<string>;
  close: () => Promise<void>;
}> {
  const featureFlags = flags.map((flag) => ({
    id: flag.flagKey,
    key: flag.flagKey,
    variationType: "string",
    // The name stands in for the value: the test asks which variation, not what is in it.
    variations: flag.variations.map(({ id, name }) => ({ id, name, value: name })),
    ...flag.targeting,
    isEnabled: flag.isEnabled ?? true,
    disabledVariationId: flag.variations[0]?.id,
    updatedAt: "2026-06-01T00:00:00.000Z",
    isArchived: false,
  }));
  const segments = flags.flatMap((flag) => flag.segments ?? []);
  const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
  const client = new FbClientBuilder({ offline: true, disableEvents: true, logger: silent })
    .sdkKey("offline")
    .useJsonBootstrapProvider(
      JSON.stringify({
        messageType: "data-sync",
        data: {
          eventType: "full",
          featureFlags,
          segments: segments.map((s) => ({ ...s, updatedAt: "2026-06-01T00:00:00.000Z" })),
        },
      }),
    )
    .build();
  await client.waitForInitialization();
  return {
    evaluate: async (flagKey, userKey, attributes) => {
      const user = new UserBuilder(userKey);
      for (const [name, value] of Object.entries(attributes)) user.custom(name, value);
      return client.stringVariation(flagKey, user.build(), "DEFAULT");
    },
    close: () => client.close(),
  };
}
