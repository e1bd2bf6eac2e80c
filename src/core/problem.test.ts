import { expect, it } from "vitest";
import { cut } from "./problem.ts";

it("cuts on a code-point boundary, so that no half emoji is left", () => {
  expect(cut("😀😀😀", 2)).toBe("😀…");
  expect(cut("short")).toBe("short");
});
