export { type Auditor, createAuditor } from "./auditor.ts";
export { type AuditorConfig, AuditorEnv, toAuditorConfig } from "./config.ts";
export type { AuditorContext } from "./context.ts";
