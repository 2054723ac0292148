import { ControlEnv, createControlPlane, toControlConfig } from "@struere/api";
import { createLog, parseEnv, runUntilSignal } from "@struere/runtime";

await runUntilSignal(async () => {
  const env = parseEnv(ControlEnv, process.env);
  return await createControlPlane(toControlConfig(env), { log: createLog({ name: "control", level: env.LOG_LEVEL }) });
});
