/** `struere.voice.v1` as @grpc/grpc-js wants it, read from proto/ when it is first asked for. */
import type { PackageDefinition } from "@grpc/proto-loader";
import { loadSync } from "@grpc/proto-loader";
import type { AuditingDefinition } from "../gen/struere/voice/v1/Auditing.ts";
import type { CallControlDefinition } from "../gen/struere/voice/v1/CallControl.ts";
import type { NodeRegistryDefinition } from "../gen/struere/voice/v1/NodeRegistry.ts";
import { LOADER_OPTIONS, PROTO_FILES, PROTO_ROOT } from "./files.ts";

export interface VoiceV1 {
  readonly callControl: CallControlDefinition;
  readonly nodeRegistry: NodeRegistryDefinition;
  readonly auditing: AuditingDefinition;
  /** For the reflection service, which describes what is in it. */
  readonly packageDefinition: PackageDefinition;
}

/** Fully qualified names, as the health service and grpcurl know them. */
export const SERVICE_NAMES = {
  callControl: "struere.voice.v1.CallControl",
  nodeRegistry: "struere.voice.v1.NodeRegistry",
  auditing: "struere.voice.v1.Auditing",
} as const;

let loaded: VoiceV1 | undefined;

/** Reads four small files, once per process. */
export function loadVoiceV1(): VoiceV1 {
  loaded ??= load();
  return loaded;
}

function load(): VoiceV1 {
  const packageDefinition = loadSync(PROTO_FILES, { ...LOADER_OPTIONS, includeDirs: [PROTO_ROOT] });
  // The loader knows no types; ours are generated from the very same files, and `npm run gen -- --check` keeps them so.
  return {
    callControl: packageDefinition[SERVICE_NAMES.callControl] as unknown as CallControlDefinition,
    nodeRegistry: packageDefinition[SERVICE_NAMES.nodeRegistry] as unknown as NodeRegistryDefinition,
    auditing: packageDefinition[SERVICE_NAMES.auditing] as unknown as AuditingDefinition,
    packageDefinition,
  };
}
