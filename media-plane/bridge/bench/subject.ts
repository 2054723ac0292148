/** The process around a subject: told where the model is, says where calls are taken, and answers what it has used so far. */
import type { Place, SubjectAnswer, SubjectQuestion, SubjectSetting } from "./messages.ts";

/** Runs the subject until its parent goes away. */
export function runSubject(start: (setting: SubjectSetting) => Promise<Place>): void {
  const answer = (message: SubjectAnswer): void => {
    process.send?.(message);
  };
  process.on("disconnect", () => process.exit(0));
  process.on("message", (question: SubjectQuestion) => {
    if (question.type === "usage") {
      const { userCPUTime, systemCPUTime } = process.resourceUsage();
      answer({ type: "usage", cpuUs: userCPUTime + systemCPUTime, systemUs: systemCPUTime, rssBytes: process.memoryUsage.rss() });
      return;
    }
    start(question.setting).then(
      (place) => answer({ type: "ready", ...place }),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
