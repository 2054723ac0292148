// @ts-nocheck
import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { HeartbeatRequest as _struere_voice_v1_HeartbeatRequest, HeartbeatRequest__Output as _struere_voice_v1_HeartbeatRequest__Output } from './struere/voice/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse as _struere_voice_v1_HeartbeatResponse, HeartbeatResponse__Output as _struere_voice_v1_HeartbeatResponse__Output } from './struere/voice/v1/HeartbeatResponse.ts';
import type { NodeRegistryClient as _struere_voice_v1_NodeRegistryClient, NodeRegistryDefinition as _struere_voice_v1_NodeRegistryDefinition } from './struere/voice/v1/NodeRegistry.ts';
import type { RegisterRequest as _struere_voice_v1_RegisterRequest, RegisterRequest__Output as _struere_voice_v1_RegisterRequest__Output } from './struere/voice/v1/RegisterRequest.ts';
import type { RegisterResponse as _struere_voice_v1_RegisterResponse, RegisterResponse__Output as _struere_voice_v1_RegisterResponse__Output } from './struere/voice/v1/RegisterResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  struere: {
    voice: {
      v1: {
        HeartbeatRequest: MessageTypeDefinition<_struere_voice_v1_HeartbeatRequest, _struere_voice_v1_HeartbeatRequest__Output>
        HeartbeatResponse: MessageTypeDefinition<_struere_voice_v1_HeartbeatResponse, _struere_voice_v1_HeartbeatResponse__Output>
        /**
         * Which media nodes there are, and how full they are. A node that has not been heard of for three heartbeats gets no calls.
         */
        NodeRegistry: SubtypeConstructor<typeof grpc.Client, _struere_voice_v1_NodeRegistryClient> & { service: _struere_voice_v1_NodeRegistryDefinition }
        RegisterRequest: MessageTypeDefinition<_struere_voice_v1_RegisterRequest, _struere_voice_v1_RegisterRequest__Output>
        RegisterResponse: MessageTypeDefinition<_struere_voice_v1_RegisterResponse, _struere_voice_v1_RegisterResponse__Output>
      }
    }
  }
}

