// @ts-nocheck
// Original file: proto/struere/voice/v1/node_registry.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { HeartbeatRequest as _struere_voice_v1_HeartbeatRequest, HeartbeatRequest__Output as _struere_voice_v1_HeartbeatRequest__Output } from '../../../struere/voice/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse as _struere_voice_v1_HeartbeatResponse, HeartbeatResponse__Output as _struere_voice_v1_HeartbeatResponse__Output } from '../../../struere/voice/v1/HeartbeatResponse.ts';
import type { RegisterRequest as _struere_voice_v1_RegisterRequest, RegisterRequest__Output as _struere_voice_v1_RegisterRequest__Output } from '../../../struere/voice/v1/RegisterRequest.ts';
import type { RegisterResponse as _struere_voice_v1_RegisterResponse, RegisterResponse__Output as _struere_voice_v1_RegisterResponse__Output } from '../../../struere/voice/v1/RegisterResponse.ts';

/**
 * Which media nodes there are, and how full they are. A node that has not been heard of for three heartbeats gets no calls.
 */
export interface NodeRegistryClient extends grpc.Client {
  /**
   * Errors: NOT_FOUND when the registry does not know the node (any more): register again.
   */
  Heartbeat(argument: _struere_voice_v1_HeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _struere_voice_v1_HeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _struere_voice_v1_HeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _struere_voice_v1_HeartbeatRequest, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Errors: NOT_FOUND when the registry does not know the node (any more): register again.
   */
  heartbeat(argument: _struere_voice_v1_HeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _struere_voice_v1_HeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _struere_voice_v1_HeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _struere_voice_v1_HeartbeatRequest, callback: grpc.requestCallback<_struere_voice_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  
  Register(argument: _struere_voice_v1_RegisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  Register(argument: _struere_voice_v1_RegisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  Register(argument: _struere_voice_v1_RegisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  Register(argument: _struere_voice_v1_RegisterRequest, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _struere_voice_v1_RegisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _struere_voice_v1_RegisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _struere_voice_v1_RegisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _struere_voice_v1_RegisterRequest, callback: grpc.requestCallback<_struere_voice_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Which media nodes there are, and how full they are. A node that has not been heard of for three heartbeats gets no calls.
 */
export interface NodeRegistryHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Errors: NOT_FOUND when the registry does not know the node (any more): register again.
   */
  Heartbeat: grpc.handleUnaryCall<_struere_voice_v1_HeartbeatRequest__Output, _struere_voice_v1_HeartbeatResponse>;
  
  Register: grpc.handleUnaryCall<_struere_voice_v1_RegisterRequest__Output, _struere_voice_v1_RegisterResponse>;
  
}

export interface NodeRegistryDefinition extends grpc.ServiceDefinition {
  Heartbeat: MethodDefinition<_struere_voice_v1_HeartbeatRequest, _struere_voice_v1_HeartbeatResponse, _struere_voice_v1_HeartbeatRequest__Output, _struere_voice_v1_HeartbeatResponse__Output>
  Register: MethodDefinition<_struere_voice_v1_RegisterRequest, _struere_voice_v1_RegisterResponse, _struere_voice_v1_RegisterRequest__Output, _struere_voice_v1_RegisterResponse__Output>
}
