import { expect, it } from "vitest";
import { computeBucket } from "./bucket.ts";

it.each([
  ["account 1001 of model-route", "model-routeacct-1001", 0.3016423415392637],
  ["account 1004 of model-route", "model-routeacct-1004", 0.5867717303335667],
  ["account 1033 of model-route", "model-routeacct-1033", 0.09198284894227982],
  ["account 1042 of model-route", "model-routeacct-1042", 0.022363420575857162],
  ["account 1054 of model-route", "model-routeacct-1054", 0.010150922928005457],
  ["account 1000 of model-route", "model-routeacct-1000", 0.9296262152493],
  ["account 1010 of model-route", "model-routeacct-1010", 0.3253591349348426],
  ["user-1 of model-route-ab", "model-route-abuser-1", 0.5138948108069599],
  ["user-2 of model-route-ab", "model-route-abuser-2", 0.49742654990404844],
  ["user-3 of model-route-ab", "model-route-abuser-3", 0.405025536660105],
  ["a key that is not ASCII", "model-route-ab账户-7", 0.19894349575042725],
])("%s stands where FeatBit puts it", (_name, text, bucket) => {
  expect(computeBucket(text)).toBeCloseTo(bucket, 12);
});
