// @ts-nocheck
import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AgentProfile as _struere_voice_v1_AgentProfile, AgentProfile__Output as _struere_voice_v1_AgentProfile__Output } from './struere/voice/v1/AgentProfile.ts';
import type { AuditorPlan as _struere_voice_v1_AuditorPlan, AuditorPlan__Output as _struere_voice_v1_AuditorPlan__Output } from './struere/voice/v1/AuditorPlan.ts';
import type { CallConfig as _struere_voice_v1_CallConfig, CallConfig__Output as _struere_voice_v1_CallConfig__Output } from './struere/voice/v1/CallConfig.ts';
import type { CallLimits as _struere_voice_v1_CallLimits, CallLimits__Output as _struere_voice_v1_CallLimits__Output } from './struere/voice/v1/CallLimits.ts';
import type { HeardUtterance as _struere_voice_v1_HeardUtterance, HeardUtterance__Output as _struere_voice_v1_HeardUtterance__Output } from './struere/voice/v1/HeardUtterance.ts';
import type { RecordingPlan as _struere_voice_v1_RecordingPlan, RecordingPlan__Output as _struere_voice_v1_RecordingPlan__Output } from './struere/voice/v1/RecordingPlan.ts';
import type { RoutingPlan as _struere_voice_v1_RoutingPlan, RoutingPlan__Output as _struere_voice_v1_RoutingPlan__Output } from './struere/voice/v1/RoutingPlan.ts';
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
        AuditorPlan: MessageTypeDefinition<_struere_voice_v1_AuditorPlan, _struere_voice_v1_AuditorPlan__Output>
        CallConfig: MessageTypeDefinition<_struere_voice_v1_CallConfig, _struere_voice_v1_CallConfig__Output>
        CallDirection: EnumTypeDefinition
        CallLimits: MessageTypeDefinition<_struere_voice_v1_CallLimits, _struere_voice_v1_CallLimits__Output>
        HeardUtterance: MessageTypeDefinition<_struere_voice_v1_HeardUtterance, _struere_voice_v1_HeardUtterance__Output>
        RecordingPlan: MessageTypeDefinition<_struere_voice_v1_RecordingPlan, _struere_voice_v1_RecordingPlan__Output>
        RoutingPlan: MessageTypeDefinition<_struere_voice_v1_RoutingPlan, _struere_voice_v1_RoutingPlan__Output>
        SemanticVad: MessageTypeDefinition<_struere_voice_v1_SemanticVad, _struere_voice_v1_SemanticVad__Output>
        ServerVad: MessageTypeDefinition<_struere_voice_v1_ServerVad, _struere_voice_v1_ServerVad__Output>
        Speaker: EnumTypeDefinition
        Tool: MessageTypeDefinition<_struere_voice_v1_Tool, _struere_voice_v1_Tool__Output>
        VoiceProfile: MessageTypeDefinition<_struere_voice_v1_VoiceProfile, _struere_voice_v1_VoiceProfile__Output>
      }
    }
  }
}

