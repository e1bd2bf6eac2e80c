import type { CheckRunSnapshot } from "../../src/simulators/github/control-input.ts";

/** A check run as a reviewer gets it, in one text: title, conclusion, summary, annotations, text. */
export function renderShown(run: CheckRunSnapshot): string {
  const annotations = run.annotations.map(
    ({ path, start_line: line, annotation_level: level, title, message }) =>
      `- ${level} at ${path}:${line}: ${title ?? ""}\n${message.replaceAll(/^/gm, "    ")}`,
  );
  return [
    `<!-- conclusion: ${run.conclusion ?? "none"}; buttons: ${run.actions.map(({ label }) => label).join(", ") || "none"} -->`,
    `# ${run.title ?? ""}`,
    run.summary ?? "",
    ...(annotations.length === 0 ? [] : [`## Annotations\n\n${annotations.join("\n")}`]),
    ...((run.text ?? "") === "" ? [] : [`## Text\n\n${run.text ?? ""}`]),
    "",
  ].join("\n\n");
}
