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
    ...((run.text ?? "") === "" ? [] : [`## Text\n\n${leaveOutEffects(run.text ?? "")}`]),
    "",
  ].join("\n\n");
}

/** What an edit of the rules does to the pull requests of the other cases hangs on their order; evidence.test.ts shows it by itself. */
function leaveOutEffects(text: string): string {
  return text.replace(/\n*### What this would do to open pull requests\n[\s\S]*?(?=\n### |$)/, "");
}
