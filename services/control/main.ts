/** The control plane as a process: environment → configuration → servers that run until they are told to stop. */
import { ControlEnv, createControlPlane, toControlConfig } from "@struere/api";
import { createLog, parseEnv, runUntilSignal } from "@struere/runtime";

await runUntilSignal(async () => {
  const env = parseEnv(ControlEnv, process.env);
  const log = createLog({ name: "control", level: env.LOG_LEVEL });
  const control = await createControlPlane(toControlConfig(env), { log });
  log.info({ httpUrl: control.httpUrl, grpcAddress: control.grpcAddress }, "the control plane is up");
  return control;
});
