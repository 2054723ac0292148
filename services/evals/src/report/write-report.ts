/** The report as files: a folder for the run, a folder in it for each suite. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EvalRun } from "../run-evals.ts";
import { type Report, reportOf } from "./document.ts";
import { junitXml } from "./junit.ts";
import { caseMarkdown, summaryMarkdown } from "./markdown.ts";

/** @returns the report as it was written. */
export async function writeReport(run: EvalRun, directory: string, options: { readonly times: boolean }): Promise<Report> {
  const report = reportOf(run, options);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "_summary.md"), summaryMarkdown(report));
  await writeFile(join(directory, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(directory, "junit.xml"), junitXml(report));
  for (const [at, suite] of report.suites.entries()) {
    const folder = join(directory, suite.slug);
    await mkdir(folder, { recursive: true });
    for (const [index, one] of suite.cases.entries()) {
      await writeFile(join(folder, `${one.file}.md`), caseMarkdown(one));
      const wav = run.suites[at]?.cases[index]?.evidence.wav;
      if (wav && one.recording !== null) await writeFile(join(folder, one.recording), wav);
    }
  }
  return report;
}
