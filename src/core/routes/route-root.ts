/** The one key of a route file (SPEC 2). */
export const root = "model_change";
