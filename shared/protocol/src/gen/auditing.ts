// @ts-nocheck
import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AuditingClient as _struere_voice_v1_AuditingClient, AuditingDefinition as _struere_voice_v1_AuditingDefinition } from './struere/voice/v1/Auditing.ts';
import type { RunAuditRequest as _struere_voice_v1_RunAuditRequest, RunAuditRequest__Output as _struere_voice_v1_RunAuditRequest__Output } from './struere/voice/v1/RunAuditRequest.ts';
import type { RunAuditResponse as _struere_voice_v1_RunAuditResponse, RunAuditResponse__Output as _struere_voice_v1_RunAuditResponse__Output } from './struere/voice/v1/RunAuditResponse.ts';
import type { SkipAuditRequest as _struere_voice_v1_SkipAuditRequest, SkipAuditRequest__Output as _struere_voice_v1_SkipAuditRequest__Output } from './struere/voice/v1/SkipAuditRequest.ts';
import type { SkipAuditResponse as _struere_voice_v1_SkipAuditResponse, SkipAuditResponse__Output as _struere_voice_v1_SkipAuditResponse__Output } from './struere/voice/v1/SkipAuditResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  struere: {
    voice: {
      v1: {
        AuditOutcome: EnumTypeDefinition
        /**
         * What auditor workers ask of the control plane. A worker knows nothing but that there is something to read in a call: the bus told it so
         * (stream VOICE_AUDITS, subject voice.<environment>.<organization>.call.<call>.audit). What has been read, who reads now, what the
         * auditor may do and what it says is the control plane's affair; so any number of workers may ask at once, and ask again.
         */
        Auditing: SubtypeConstructor<typeof grpc.Client, _struere_voice_v1_AuditingClient> & { service: _struere_voice_v1_AuditingDefinition }
        RunAuditRequest: MessageTypeDefinition<_struere_voice_v1_RunAuditRequest, _struere_voice_v1_RunAuditRequest__Output>
        RunAuditResponse: MessageTypeDefinition<_struere_voice_v1_RunAuditResponse, _struere_voice_v1_RunAuditResponse__Output>
        SkipAuditRequest: MessageTypeDefinition<_struere_voice_v1_SkipAuditRequest, _struere_voice_v1_SkipAuditRequest__Output>
        SkipAuditResponse: MessageTypeDefinition<_struere_voice_v1_SkipAuditResponse, _struere_voice_v1_SkipAuditResponse__Output>
      }
    }
  }
}

