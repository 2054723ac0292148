/** Where the contract lies and how it is read: one place for the generator, the servers and the clients. */
import { join } from "node:path";

export const PROTO_ROOT = join(import.meta.dirname, "../../../../proto");

export const PROTO_FILES = [
  "struere/voice/v1/call_control.proto",
  "struere/voice/v1/call_config.proto",
  "struere/voice/v1/node_registry.proto",
  "struere/voice/v1/auditing.proto",
];

/** 64-bit integers are counts and milliseconds here and fit a number; enums travel as their names. */
export const LOADER_OPTIONS = { longs: Number, enums: String, defaults: true, arrays: true, oneofs: true } as const;
