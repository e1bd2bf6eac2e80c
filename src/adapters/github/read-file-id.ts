import { z } from "zod";
import type { RepositoryContext } from "./repository-context.ts";

const fileSchema = z.object({ type: z.string(), sha: z.string() });

/** Blob id of a file at a ref: equal ids are equal contents. Null for what is not there or no file. */
export async function readFileId(context: RepositoryContext, path: string, ref: string): Promise<string | null> {
  const file = await context.client.find(
    "GET /repos/{owner}/{repo}/contents/{path}",
    { ...context.place, path, ref },
    z.union([fileSchema, z.array(z.unknown()).transform(() => ({ type: "dir", sha: "" }))]),
    "read the workflow file",
  );
  return file?.type === "file" ? file.sha : null;
}
