export type { ProtoGrpcType as CallControlProto } from "../gen/call_control.ts";
export type { ProtoGrpcType as NodeRegistryProto } from "../gen/node_registry.ts";
export { LOADER_OPTIONS, PROTO_FILES, PROTO_ROOT } from "./files.ts";
