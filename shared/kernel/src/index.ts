export { assert, AssertionFault, unreachable } from "./assert.ts";
export type { Brand } from "./brand.ts";
export type { Clock } from "./clock.ts";
export { Environment, isEnvironment } from "./environment.ts";
export { Fault, FaultCode, HTTP_STATUS } from "./fault.ts";
export {
  type AgentId,
  type ApiKeyId,
  type CallId,
  type ConnectionId,
  ID_RANDOM_BYTES,
  type IdPrefix,
  mintId,
  type NodeId,
  type OrganizationId,
  parseId,
  type RouterId,
  type ThreadId,
} from "./id.ts";
export { err, ok, type Result } from "./result.ts";
