// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AppendRecordingRequest as _struere_voice_v1_AppendRecordingRequest, AppendRecordingRequest__Output as _struere_voice_v1_AppendRecordingRequest__Output } from '../../../struere/voice/v1/AppendRecordingRequest.ts';
import type { AppendRecordingResponse as _struere_voice_v1_AppendRecordingResponse, AppendRecordingResponse__Output as _struere_voice_v1_AppendRecordingResponse__Output } from '../../../struere/voice/v1/AppendRecordingResponse.ts';
import type { ClaimCallRequest as _struere_voice_v1_ClaimCallRequest, ClaimCallRequest__Output as _struere_voice_v1_ClaimCallRequest__Output } from '../../../struere/voice/v1/ClaimCallRequest.ts';
import type { ClaimCallResponse as _struere_voice_v1_ClaimCallResponse, ClaimCallResponse__Output as _struere_voice_v1_ClaimCallResponse__Output } from '../../../struere/voice/v1/ClaimCallResponse.ts';
import type { EndCallRequest as _struere_voice_v1_EndCallRequest, EndCallRequest__Output as _struere_voice_v1_EndCallRequest__Output } from '../../../struere/voice/v1/EndCallRequest.ts';
import type { EndCallResponse as _struere_voice_v1_EndCallResponse, EndCallResponse__Output as _struere_voice_v1_EndCallResponse__Output } from '../../../struere/voice/v1/EndCallResponse.ts';
import type { RenewLeaseRequest as _struere_voice_v1_RenewLeaseRequest, RenewLeaseRequest__Output as _struere_voice_v1_RenewLeaseRequest__Output } from '../../../struere/voice/v1/RenewLeaseRequest.ts';
import type { RenewLeaseResponse as _struere_voice_v1_RenewLeaseResponse, RenewLeaseResponse__Output as _struere_voice_v1_RenewLeaseResponse__Output } from '../../../struere/voice/v1/RenewLeaseResponse.ts';
import type { RouteUtteranceRequest as _struere_voice_v1_RouteUtteranceRequest, RouteUtteranceRequest__Output as _struere_voice_v1_RouteUtteranceRequest__Output } from '../../../struere/voice/v1/RouteUtteranceRequest.ts';
import type { RouteUtteranceResponse as _struere_voice_v1_RouteUtteranceResponse, RouteUtteranceResponse__Output as _struere_voice_v1_RouteUtteranceResponse__Output } from '../../../struere/voice/v1/RouteUtteranceResponse.ts';
import type { RunToolRequest as _struere_voice_v1_RunToolRequest, RunToolRequest__Output as _struere_voice_v1_RunToolRequest__Output } from '../../../struere/voice/v1/RunToolRequest.ts';
import type { RunToolResponse as _struere_voice_v1_RunToolResponse, RunToolResponse__Output as _struere_voice_v1_RunToolResponse__Output } from '../../../struere/voice/v1/RunToolResponse.ts';

/**
 * What a media node asks of the control plane about one call. Every request carries the epoch under which the node holds
 * the call; a request from an older epoch is answered FAILED_PRECONDITION and changes nothing.
 */
export interface CallControlClient extends grpc.Client {
  /**
   * Keeps one part of a call's recording. Idempotent by (call_id, epoch, part): what is there stays. Also taken when the call is over.
   * Errors: FAILED_PRECONDITION (an epoch that never held the call, or the call is not recorded), INVALID_ARGUMENT (too long, or not in
   * whole samples).
   */
  AppendRecording(argument: _struere_voice_v1_AppendRecordingRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  AppendRecording(argument: _struere_voice_v1_AppendRecordingRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  AppendRecording(argument: _struere_voice_v1_AppendRecordingRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  AppendRecording(argument: _struere_voice_v1_AppendRecordingRequest, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Keeps one part of a call's recording. Idempotent by (call_id, epoch, part): what is there stays. Also taken when the call is over.
   * Errors: FAILED_PRECONDITION (an epoch that never held the call, or the call is not recorded), INVALID_ARGUMENT (too long, or not in
   * whole samples).
   */
  appendRecording(argument: _struere_voice_v1_AppendRecordingRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  appendRecording(argument: _struere_voice_v1_AppendRecordingRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  appendRecording(argument: _struere_voice_v1_AppendRecordingRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  appendRecording(argument: _struere_voice_v1_AppendRecordingRequest, callback: grpc.requestCallback<_struere_voice_v1_AppendRecordingResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Takes a call. The stream token comes from the TwiML's <Parameter>; it is used once, matches one call and one epoch.
   * Errors: UNAUTHENTICATED (token unknown, expired or forged), PERMISSION_DENIED (call_sid or account_sid differ),
   * FAILED_PRECONDITION (token already used, call already over, epoch taken by another node).
   */
  ClaimCall(argument: _struere_voice_v1_ClaimCallRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  ClaimCall(argument: _struere_voice_v1_ClaimCallRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  ClaimCall(argument: _struere_voice_v1_ClaimCallRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  ClaimCall(argument: _struere_voice_v1_ClaimCallRequest, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Takes a call. The stream token comes from the TwiML's <Parameter>; it is used once, matches one call and one epoch.
   * Errors: UNAUTHENTICATED (token unknown, expired or forged), PERMISSION_DENIED (call_sid or account_sid differ),
   * FAILED_PRECONDITION (token already used, call already over, epoch taken by another node).
   */
  claimCall(argument: _struere_voice_v1_ClaimCallRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  claimCall(argument: _struere_voice_v1_ClaimCallRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  claimCall(argument: _struere_voice_v1_ClaimCallRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  claimCall(argument: _struere_voice_v1_ClaimCallRequest, callback: grpc.requestCallback<_struere_voice_v1_ClaimCallResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Ends a call in the record. Idempotent: the first end of the current epoch wins, later ones are answered alike.
   */
  EndCall(argument: _struere_voice_v1_EndCallRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  EndCall(argument: _struere_voice_v1_EndCallRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  EndCall(argument: _struere_voice_v1_EndCallRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  EndCall(argument: _struere_voice_v1_EndCallRequest, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Ends a call in the record. Idempotent: the first end of the current epoch wins, later ones are answered alike.
   */
  endCall(argument: _struere_voice_v1_EndCallRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  endCall(argument: _struere_voice_v1_EndCallRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  endCall(argument: _struere_voice_v1_EndCallRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  endCall(argument: _struere_voice_v1_EndCallRequest, callback: grpc.requestCallback<_struere_voice_v1_EndCallResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Says that the node still moves audio for these calls. Answers which of them it no longer holds: it must fall silent in those.
   */
  RenewLease(argument: _struere_voice_v1_RenewLeaseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  RenewLease(argument: _struere_voice_v1_RenewLeaseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  RenewLease(argument: _struere_voice_v1_RenewLeaseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  RenewLease(argument: _struere_voice_v1_RenewLeaseRequest, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Says that the node still moves audio for these calls. Answers which of them it no longer holds: it must fall silent in those.
   */
  renewLease(argument: _struere_voice_v1_RenewLeaseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  renewLease(argument: _struere_voice_v1_RenewLeaseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  renewLease(argument: _struere_voice_v1_RenewLeaseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  renewLease(argument: _struere_voice_v1_RenewLeaseRequest, callback: grpc.requestCallback<_struere_voice_v1_RenewLeaseResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Asks the call's router who shall have the call after what was said. Decided by the router and agent versions that the call is
   * pinned to. Answers within the deadline of the request; whoever has the call keeps it when nobody could decide.
   * Errors: FAILED_PRECONDITION (older epoch, or the call has no router), INVALID_ARGUMENT (nothing was said).
   */
  RouteUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  RouteUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  RouteUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  RouteUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Asks the call's router who shall have the call after what was said. Decided by the router and agent versions that the call is
   * pinned to. Answers within the deadline of the request; whoever has the call keeps it when nobody could decide.
   * Errors: FAILED_PRECONDITION (older epoch, or the call has no router), INVALID_ARGUMENT (nothing was said).
   */
  routeUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  routeUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  routeUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  routeUtterance(argument: _struere_voice_v1_RouteUtteranceRequest, callback: grpc.requestCallback<_struere_voice_v1_RouteUtteranceResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Runs one tool for the agent that is speaking, at most once per (call_id, tool_call_id).
   * Errors: UNIMPLEMENTED when the agent has no such tool.
   */
  RunTool(argument: _struere_voice_v1_RunToolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  RunTool(argument: _struere_voice_v1_RunToolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  RunTool(argument: _struere_voice_v1_RunToolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  RunTool(argument: _struere_voice_v1_RunToolRequest, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Runs one tool for the agent that is speaking, at most once per (call_id, tool_call_id).
   * Errors: UNIMPLEMENTED when the agent has no such tool.
   */
  runTool(argument: _struere_voice_v1_RunToolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  runTool(argument: _struere_voice_v1_RunToolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  runTool(argument: _struere_voice_v1_RunToolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  runTool(argument: _struere_voice_v1_RunToolRequest, callback: grpc.requestCallback<_struere_voice_v1_RunToolResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * What a media node asks of the control plane about one call. Every request carries the epoch under which the node holds
 * the call; a request from an older epoch is answered FAILED_PRECONDITION and changes nothing.
 */
export interface CallControlHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Keeps one part of a call's recording. Idempotent by (call_id, epoch, part): what is there stays. Also taken when the call is over.
   * Errors: FAILED_PRECONDITION (an epoch that never held the call, or the call is not recorded), INVALID_ARGUMENT (too long, or not in
   * whole samples).
   */
  AppendRecording: grpc.handleUnaryCall<_struere_voice_v1_AppendRecordingRequest__Output, _struere_voice_v1_AppendRecordingResponse>;
  
  /**
   * Takes a call. The stream token comes from the TwiML's <Parameter>; it is used once, matches one call and one epoch.
   * Errors: UNAUTHENTICATED (token unknown, expired or forged), PERMISSION_DENIED (call_sid or account_sid differ),
   * FAILED_PRECONDITION (token already used, call already over, epoch taken by another node).
   */
  ClaimCall: grpc.handleUnaryCall<_struere_voice_v1_ClaimCallRequest__Output, _struere_voice_v1_ClaimCallResponse>;
  
  /**
   * Ends a call in the record. Idempotent: the first end of the current epoch wins, later ones are answered alike.
   */
  EndCall: grpc.handleUnaryCall<_struere_voice_v1_EndCallRequest__Output, _struere_voice_v1_EndCallResponse>;
  
  /**
   * Says that the node still moves audio for these calls. Answers which of them it no longer holds: it must fall silent in those.
   */
  RenewLease: grpc.handleUnaryCall<_struere_voice_v1_RenewLeaseRequest__Output, _struere_voice_v1_RenewLeaseResponse>;
  
  /**
   * Asks the call's router who shall have the call after what was said. Decided by the router and agent versions that the call is
   * pinned to. Answers within the deadline of the request; whoever has the call keeps it when nobody could decide.
   * Errors: FAILED_PRECONDITION (older epoch, or the call has no router), INVALID_ARGUMENT (nothing was said).
   */
  RouteUtterance: grpc.handleUnaryCall<_struere_voice_v1_RouteUtteranceRequest__Output, _struere_voice_v1_RouteUtteranceResponse>;
  
  /**
   * Runs one tool for the agent that is speaking, at most once per (call_id, tool_call_id).
   * Errors: UNIMPLEMENTED when the agent has no such tool.
   */
  RunTool: grpc.handleUnaryCall<_struere_voice_v1_RunToolRequest__Output, _struere_voice_v1_RunToolResponse>;
  
}

export interface CallControlDefinition extends grpc.ServiceDefinition {
  AppendRecording: MethodDefinition<_struere_voice_v1_AppendRecordingRequest, _struere_voice_v1_AppendRecordingResponse, _struere_voice_v1_AppendRecordingRequest__Output, _struere_voice_v1_AppendRecordingResponse__Output>
  ClaimCall: MethodDefinition<_struere_voice_v1_ClaimCallRequest, _struere_voice_v1_ClaimCallResponse, _struere_voice_v1_ClaimCallRequest__Output, _struere_voice_v1_ClaimCallResponse__Output>
  EndCall: MethodDefinition<_struere_voice_v1_EndCallRequest, _struere_voice_v1_EndCallResponse, _struere_voice_v1_EndCallRequest__Output, _struere_voice_v1_EndCallResponse__Output>
  RenewLease: MethodDefinition<_struere_voice_v1_RenewLeaseRequest, _struere_voice_v1_RenewLeaseResponse, _struere_voice_v1_RenewLeaseRequest__Output, _struere_voice_v1_RenewLeaseResponse__Output>
  RouteUtterance: MethodDefinition<_struere_voice_v1_RouteUtteranceRequest, _struere_voice_v1_RouteUtteranceResponse, _struere_voice_v1_RouteUtteranceRequest__Output, _struere_voice_v1_RouteUtteranceResponse__Output>
  RunTool: MethodDefinition<_struere_voice_v1_RunToolRequest, _struere_voice_v1_RunToolResponse, _struere_voice_v1_RunToolRequest__Output, _struere_voice_v1_RunToolResponse__Output>
}
