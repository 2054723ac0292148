/** The process around a subject: told where the model is, says where calls are taken, and answers what it has used so far. */
import type { SubjectAnswer, SubjectQuestion, SubjectSetting } from "./messages.ts";

/** Runs the subject until its parent goes away. */
export function runSubject(start: (setting: SubjectSetting) => Promise<{ readonly mediaUrl: string }>): void {
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
      ({ mediaUrl }) => answer({ type: "ready", mediaUrl }),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
