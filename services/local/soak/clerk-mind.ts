/** The clerk's mind, for simulators in a process of their own (SIM_MIND). */
export { clerkMind as default } from "./clerk.ts";
