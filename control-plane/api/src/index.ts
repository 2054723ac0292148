export { ControlEnv, type ControlConfig, toControlConfig } from "./config.ts";
export type { ControlContext, ControlOverrides } from "./context.ts";
export { type ControlPlane, createControlPlane } from "./control-plane.ts";
export type { AppRouter } from "./trpc/root.ts";
