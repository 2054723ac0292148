/**
 * How both ends of the channel between the planes behave (https://grpc.io/docs/guides/service-config/, …/keepalive/, …/retry/).
 *
 * Round robin over all addresses of a name; a server closes connections of some age, because only then does a client ask the name again
 * and find servers that came later; UNAVAILABLE is tried again within the deadline of the call. No retryThrottling: its bucket is shared
 * by the whole process and shuts retries off just when one server of several is away.
 */
import type { ChannelOptions } from "@grpc/grpc-js";
import { SERVICE_NAMES } from "./voice-v1.ts";

/** Largest message either way: a configuration with long instructions, a resumed history, a tool's output. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

const RETRY_POLICY = {
  maxAttempts: 4,
  initialBackoff: "0.1s",
  maxBackoff: "1s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};

/**
 * Each method may be sent again: EndCall, RenewLease, Register and Heartbeat are idempotent, RunTool runs once per tool call id, RunAudit reads
 * the same words once, RouteUtterance only decides, and a claim that had succeeded after all is refused the second time, which ends the call as losing the answer would have.
 */
const SERVICE_CONFIG = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{ service: SERVICE_NAMES.callControl }, { service: SERVICE_NAMES.nodeRegistry }, { service: SERVICE_NAMES.auditing }],
      retryPolicy: RETRY_POLICY,
    },
  ],
};

export const CLIENT_OPTIONS: ChannelOptions = {
  "grpc.service_config": JSON.stringify(SERVICE_CONFIG),
  "grpc.service_config_disable_resolution": 1,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.dns_min_time_between_resolutions_ms": 2_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  // Calls between the planes never leave through a proxy of the environment.
  "grpc.enable_http_proxy": 0,
};

/** For `new Server(SERVER_OPTIONS)` in the control plane. */
export const SERVER_OPTIONS: ChannelOptions = {
  "grpc.max_connection_age_ms": 60_000,
  "grpc.max_connection_age_grace_ms": 20_000,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};
