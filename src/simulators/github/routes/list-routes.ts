import type { Route } from "../http/route.ts";
import type { DeliveryQueue } from "../webhooks/delivery-queue.ts";
import { actionRoutes } from "./action-routes.ts";
import { listAppRoutes } from "./app-routes.ts";
import { checkRoutes } from "./check-routes.ts";
import { contentRoutes } from "./content-routes.ts";
import { deploymentRoutes } from "./deployment-routes.ts";
import { gitRoutes } from "./git-routes.ts";
import { issueRoutes } from "./issue-routes.ts";
import { peopleRoutes } from "./people-routes.ts";
import { pullRoutes } from "./pull-routes.ts";
import { repositoryRoutes } from "./repository-routes.ts";

/** Everything the simulator answers over REST. */
export function listRoutes(queue: DeliveryQueue): Route[] {
  return [
    ...listAppRoutes(queue),
    ...peopleRoutes,
    ...repositoryRoutes,
    ...contentRoutes,
    ...gitRoutes,
    ...pullRoutes,
    ...checkRoutes,
    ...issueRoutes,
    ...deploymentRoutes,
    ...actionRoutes,
  ];
}
