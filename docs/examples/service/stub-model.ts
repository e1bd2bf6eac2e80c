import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { CallModel } from "./call-bundle.ts";

// Everything in this file stands in for things of your own: put your provider's client, your search and your grader here.

/** US dollars an answer, by model. */
const prices: Readonly<Record<string, number>> = {
  "gpt-4o-2024-08-06": 0.02,
  "claude-sonnet-4-5-20250929": 0.021,
};

/**
 * A model on this machine that answers after a few milliseconds.
 *
 * @param delaysPath a JSON file `{"<model>": <milliseconds>}`, read at every call: with it one can watch what a slow model does
 */
export function createStubModel(delaysPath: string | undefined): CallModel {
  return async (bundle, question, signal) => {
    const model = typeof bundle["model"] === "string" ? bundle["model"] : "unknown";
    await sleep(2 + (delaysPath === undefined ? 0 : readDelay(delaysPath, model)), undefined, { signal });
    return { text: `${model} says: see "${question}" in the documentation.`, costUsd: prices[model] ?? 0.02 };
  };
}

const delaysSchema = z.record(z.string(), z.number());

function readDelay(path: string, model: string): number {
  return delaysSchema.parse(JSON.parse(readFileSync(path, "utf8")))[model] ?? 0;
}

/** What the example's bundles name as `baseline-search`. */
export async function searchDocumentation(question: string): Promise<string> {
  return `Search results for "${question}".`;
}

/** A score from 0 to 1. */
export function gradeAnswer(text: string): number {
  return text.includes("documentation") ? 0.91 : 0.6;
}
