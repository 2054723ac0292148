// @ts-nocheck
import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AgentProfile as _struere_voice_v1_AgentProfile, AgentProfile__Output as _struere_voice_v1_AgentProfile__Output } from './struere/voice/v1/AgentProfile.ts';
import type { AppendRecordingRequest as _struere_voice_v1_AppendRecordingRequest, AppendRecordingRequest__Output as _struere_voice_v1_AppendRecordingRequest__Output } from './struere/voice/v1/AppendRecordingRequest.ts';
import type { AppendRecordingResponse as _struere_voice_v1_AppendRecordingResponse, AppendRecordingResponse__Output as _struere_voice_v1_AppendRecordingResponse__Output } from './struere/voice/v1/AppendRecordingResponse.ts';
import type { AuditorPlan as _struere_voice_v1_AuditorPlan, AuditorPlan__Output as _struere_voice_v1_AuditorPlan__Output } from './struere/voice/v1/AuditorPlan.ts';
import type { CallAdvice as _struere_voice_v1_CallAdvice, CallAdvice__Output as _struere_voice_v1_CallAdvice__Output } from './struere/voice/v1/CallAdvice.ts';
import type { CallConfig as _struere_voice_v1_CallConfig, CallConfig__Output as _struere_voice_v1_CallConfig__Output } from './struere/voice/v1/CallConfig.ts';
import type { CallControlClient as _struere_voice_v1_CallControlClient, CallControlDefinition as _struere_voice_v1_CallControlDefinition } from './struere/voice/v1/CallControl.ts';
import type { CallLimits as _struere_voice_v1_CallLimits, CallLimits__Output as _struere_voice_v1_CallLimits__Output } from './struere/voice/v1/CallLimits.ts';
import type { ClaimCallRequest as _struere_voice_v1_ClaimCallRequest, ClaimCallRequest__Output as _struere_voice_v1_ClaimCallRequest__Output } from './struere/voice/v1/ClaimCallRequest.ts';
import type { ClaimCallResponse as _struere_voice_v1_ClaimCallResponse, ClaimCallResponse__Output as _struere_voice_v1_ClaimCallResponse__Output } from './struere/voice/v1/ClaimCallResponse.ts';
import type { EndCallRequest as _struere_voice_v1_EndCallRequest, EndCallRequest__Output as _struere_voice_v1_EndCallRequest__Output } from './struere/voice/v1/EndCallRequest.ts';
import type { EndCallResponse as _struere_voice_v1_EndCallResponse, EndCallResponse__Output as _struere_voice_v1_EndCallResponse__Output } from './struere/voice/v1/EndCallResponse.ts';
import type { HeardUtterance as _struere_voice_v1_HeardUtterance, HeardUtterance__Output as _struere_voice_v1_HeardUtterance__Output } from './struere/voice/v1/HeardUtterance.ts';
import type { Lease as _struere_voice_v1_Lease, Lease__Output as _struere_voice_v1_Lease__Output } from './struere/voice/v1/Lease.ts';
import type { RecordingPlan as _struere_voice_v1_RecordingPlan, RecordingPlan__Output as _struere_voice_v1_RecordingPlan__Output } from './struere/voice/v1/RecordingPlan.ts';
import type { RenewLeaseRequest as _struere_voice_v1_RenewLeaseRequest, RenewLeaseRequest__Output as _struere_voice_v1_RenewLeaseRequest__Output } from './struere/voice/v1/RenewLeaseRequest.ts';
import type { RenewLeaseResponse as _struere_voice_v1_RenewLeaseResponse, RenewLeaseResponse__Output as _struere_voice_v1_RenewLeaseResponse__Output } from './struere/voice/v1/RenewLeaseResponse.ts';
import type { RouteUtteranceRequest as _struere_voice_v1_RouteUtteranceRequest, RouteUtteranceRequest__Output as _struere_voice_v1_RouteUtteranceRequest__Output } from './struere/voice/v1/RouteUtteranceRequest.ts';
import type { RouteUtteranceResponse as _struere_voice_v1_RouteUtteranceResponse, RouteUtteranceResponse__Output as _struere_voice_v1_RouteUtteranceResponse__Output } from './struere/voice/v1/RouteUtteranceResponse.ts';
import type { RoutingPlan as _struere_voice_v1_RoutingPlan, RoutingPlan__Output as _struere_voice_v1_RoutingPlan__Output } from './struere/voice/v1/RoutingPlan.ts';
import type { RunToolRequest as _struere_voice_v1_RunToolRequest, RunToolRequest__Output as _struere_voice_v1_RunToolRequest__Output } from './struere/voice/v1/RunToolRequest.ts';
import type { RunToolResponse as _struere_voice_v1_RunToolResponse, RunToolResponse__Output as _struere_voice_v1_RunToolResponse__Output } from './struere/voice/v1/RunToolResponse.ts';
import type { SemanticVad as _struere_voice_v1_SemanticVad, SemanticVad__Output as _struere_voice_v1_SemanticVad__Output } from './struere/voice/v1/SemanticVad.ts';
import type { ServerVad as _struere_voice_v1_ServerVad, ServerVad__Output as _struere_voice_v1_ServerVad__Output } from './struere/voice/v1/ServerVad.ts';
import type { Tool as _struere_voice_v1_Tool, Tool__Output as _struere_voice_v1_Tool__Output } from './struere/voice/v1/Tool.ts';
import type { VoiceProfile as _struere_voice_v1_VoiceProfile, VoiceProfile__Output as _struere_voice_v1_VoiceProfile__Output } from './struere/voice/v1/VoiceProfile.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  struere: {
    voice: {
      v1: {
        AgentProfile: MessageTypeDefinition<_struere_voice_v1_AgentProfile, _struere_voice_v1_AgentProfile__Output>
        AppendRecordingRequest: MessageTypeDefinition<_struere_voice_v1_AppendRecordingRequest, _struere_voice_v1_AppendRecordingRequest__Output>
        AppendRecordingResponse: MessageTypeDefinition<_struere_voice_v1_AppendRecordingResponse, _struere_voice_v1_AppendRecordingResponse__Output>
        AuditorPlan: MessageTypeDefinition<_struere_voice_v1_AuditorPlan, _struere_voice_v1_AuditorPlan__Output>
        CallAdvice: MessageTypeDefinition<_struere_voice_v1_CallAdvice, _struere_voice_v1_CallAdvice__Output>
        CallConfig: MessageTypeDefinition<_struere_voice_v1_CallConfig, _struere_voice_v1_CallConfig__Output>
        /**
         * What a media node asks of the control plane about one call. Every request carries the epoch under which the node holds
         * the call; a request from an older epoch is answered FAILED_PRECONDITION and changes nothing.
         */
        CallControl: SubtypeConstructor<typeof grpc.Client, _struere_voice_v1_CallControlClient> & { service: _struere_voice_v1_CallControlDefinition }
        CallDirection: EnumTypeDefinition
        CallLimits: MessageTypeDefinition<_struere_voice_v1_CallLimits, _struere_voice_v1_CallLimits__Output>
        CallOutcome: EnumTypeDefinition
        ClaimCallRequest: MessageTypeDefinition<_struere_voice_v1_ClaimCallRequest, _struere_voice_v1_ClaimCallRequest__Output>
        ClaimCallResponse: MessageTypeDefinition<_struere_voice_v1_ClaimCallResponse, _struere_voice_v1_ClaimCallResponse__Output>
        EndCallRequest: MessageTypeDefinition<_struere_voice_v1_EndCallRequest, _struere_voice_v1_EndCallRequest__Output>
        EndCallResponse: MessageTypeDefinition<_struere_voice_v1_EndCallResponse, _struere_voice_v1_EndCallResponse__Output>
        HeardUtterance: MessageTypeDefinition<_struere_voice_v1_HeardUtterance, _struere_voice_v1_HeardUtterance__Output>
        Lease: MessageTypeDefinition<_struere_voice_v1_Lease, _struere_voice_v1_Lease__Output>
        RecordingPlan: MessageTypeDefinition<_struere_voice_v1_RecordingPlan, _struere_voice_v1_RecordingPlan__Output>
        RenewLeaseRequest: MessageTypeDefinition<_struere_voice_v1_RenewLeaseRequest, _struere_voice_v1_RenewLeaseRequest__Output>
        RenewLeaseResponse: MessageTypeDefinition<_struere_voice_v1_RenewLeaseResponse, _struere_voice_v1_RenewLeaseResponse__Output>
        RouteMode: EnumTypeDefinition
        RouteUtteranceRequest: MessageTypeDefinition<_struere_voice_v1_RouteUtteranceRequest, _struere_voice_v1_RouteUtteranceRequest__Output>
        RouteUtteranceResponse: MessageTypeDefinition<_struere_voice_v1_RouteUtteranceResponse, _struere_voice_v1_RouteUtteranceResponse__Output>
        RoutingPlan: MessageTypeDefinition<_struere_voice_v1_RoutingPlan, _struere_voice_v1_RoutingPlan__Output>
        RunToolRequest: MessageTypeDefinition<_struere_voice_v1_RunToolRequest, _struere_voice_v1_RunToolRequest__Output>
        RunToolResponse: MessageTypeDefinition<_struere_voice_v1_RunToolResponse, _struere_voice_v1_RunToolResponse__Output>
        SemanticVad: MessageTypeDefinition<_struere_voice_v1_SemanticVad, _struere_voice_v1_SemanticVad__Output>
        ServerVad: MessageTypeDefinition<_struere_voice_v1_ServerVad, _struere_voice_v1_ServerVad__Output>
        Speaker: EnumTypeDefinition
        Tool: MessageTypeDefinition<_struere_voice_v1_Tool, _struere_voice_v1_Tool__Output>
        VoiceProfile: MessageTypeDefinition<_struere_voice_v1_VoiceProfile, _struere_voice_v1_VoiceProfile__Output>
      }
    }
  }
}

