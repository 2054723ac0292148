/** An auditor worker as a process: environment → configuration → a worker that runs until it is told to stop, and finishes first. */
import { parseEnv, createLog, runUntilSignal } from "@struere/runtime";
import { AuditorEnv, createAuditor, toAuditorConfig } from "./src/index.ts";

await runUntilSignal(async () => {
  const env = parseEnv(AuditorEnv, process.env);
  const log = createLog({ name: "auditor", level: env.LOG_LEVEL });
  const auditor = await createAuditor(toAuditorConfig(env), { log });
  log.info({ workerId: auditor.workerId, httpUrl: auditor.httpUrl }, "an auditor worker is up");
  return auditor;
});
