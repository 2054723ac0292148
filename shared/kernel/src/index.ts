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
  type EntityId,
  ID_RANDOM_BYTES,
  type IdPrefix,
  type MessageId,
  mintId,
  type NodeId,
  type OrganizationId,
  parseId,
  type RoleId,
  type RouterId,
  type ThreadId,
  type ToolId,
} from "./id.ts";
export { formatMicros, type Micros, micros, MICROS_PER_UNIT, negated, NO_MONEY, parseMicros } from "./money.ts";
export { err, ok, type Result } from "./result.ts";
