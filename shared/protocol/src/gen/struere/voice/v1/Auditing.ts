// @ts-nocheck
// Original file: proto/struere/voice/v1/auditing.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { RunAuditRequest as _struere_voice_v1_RunAuditRequest, RunAuditRequest__Output as _struere_voice_v1_RunAuditRequest__Output } from '../../../struere/voice/v1/RunAuditRequest.ts';
import type { RunAuditResponse as _struere_voice_v1_RunAuditResponse, RunAuditResponse__Output as _struere_voice_v1_RunAuditResponse__Output } from '../../../struere/voice/v1/RunAuditResponse.ts';
import type { SkipAuditRequest as _struere_voice_v1_SkipAuditRequest, SkipAuditRequest__Output as _struere_voice_v1_SkipAuditRequest__Output } from '../../../struere/voice/v1/SkipAuditRequest.ts';
import type { SkipAuditResponse as _struere_voice_v1_SkipAuditResponse, SkipAuditResponse__Output as _struere_voice_v1_SkipAuditResponse__Output } from '../../../struere/voice/v1/SkipAuditResponse.ts';

/**
 * What auditor workers ask of the control plane. A worker knows nothing but that there is something to read in a call: the bus told it so
 * (stream VOICE_AUDITS, subject voice.<environment>.<organization>.call.<call>.audit). What has been read, who reads now, what the
 * auditor may do and what it says is the control plane's affair; so any number of workers may ask at once, and ask again.
 */
export interface AuditingClient extends grpc.Client {
  /**
   * Lets the call's auditor read what it has not read yet, and waits until it has: up to 75 s. At most one audit of a call runs at a time;
   * the same words are read once. A worker that goes away in the middle changes nothing: the audit is finished without it.
   * Errors: NOT_FOUND (no such call), RESOURCE_EXHAUSTED (this server runs as many audits as it may: ask again, it may be another one).
   */
  RunAudit(argument: _struere_voice_v1_RunAuditRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  RunAudit(argument: _struere_voice_v1_RunAuditRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  RunAudit(argument: _struere_voice_v1_RunAuditRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  RunAudit(argument: _struere_voice_v1_RunAuditRequest, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Lets the call's auditor read what it has not read yet, and waits until it has: up to 75 s. At most one audit of a call runs at a time;
   * the same words are read once. A worker that goes away in the middle changes nothing: the audit is finished without it.
   * Errors: NOT_FOUND (no such call), RESOURCE_EXHAUSTED (this server runs as many audits as it may: ask again, it may be another one).
   */
  runAudit(argument: _struere_voice_v1_RunAuditRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  runAudit(argument: _struere_voice_v1_RunAuditRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  runAudit(argument: _struere_voice_v1_RunAuditRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  runAudit(argument: _struere_voice_v1_RunAuditRequest, callback: grpc.requestCallback<_struere_voice_v1_RunAuditResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Writes down that a worker had no room for an audit in time. Nothing is lost by it: the words are read by the next audit. Of a call that
   * is over there is no next one: that answers AUDIT_OUTCOME_LATER, and the worker has to ask again.
   */
  SkipAudit(argument: _struere_voice_v1_SkipAuditRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  SkipAudit(argument: _struere_voice_v1_SkipAuditRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  SkipAudit(argument: _struere_voice_v1_SkipAuditRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  SkipAudit(argument: _struere_voice_v1_SkipAuditRequest, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Writes down that a worker had no room for an audit in time. Nothing is lost by it: the words are read by the next audit. Of a call that
   * is over there is no next one: that answers AUDIT_OUTCOME_LATER, and the worker has to ask again.
   */
  skipAudit(argument: _struere_voice_v1_SkipAuditRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  skipAudit(argument: _struere_voice_v1_SkipAuditRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  skipAudit(argument: _struere_voice_v1_SkipAuditRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  skipAudit(argument: _struere_voice_v1_SkipAuditRequest, callback: grpc.requestCallback<_struere_voice_v1_SkipAuditResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * What auditor workers ask of the control plane. A worker knows nothing but that there is something to read in a call: the bus told it so
 * (stream VOICE_AUDITS, subject voice.<environment>.<organization>.call.<call>.audit). What has been read, who reads now, what the
 * auditor may do and what it says is the control plane's affair; so any number of workers may ask at once, and ask again.
 */
export interface AuditingHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Lets the call's auditor read what it has not read yet, and waits until it has: up to 75 s. At most one audit of a call runs at a time;
   * the same words are read once. A worker that goes away in the middle changes nothing: the audit is finished without it.
   * Errors: NOT_FOUND (no such call), RESOURCE_EXHAUSTED (this server runs as many audits as it may: ask again, it may be another one).
   */
  RunAudit: grpc.handleUnaryCall<_struere_voice_v1_RunAuditRequest__Output, _struere_voice_v1_RunAuditResponse>;
  
  /**
   * Writes down that a worker had no room for an audit in time. Nothing is lost by it: the words are read by the next audit. Of a call that
   * is over there is no next one: that answers AUDIT_OUTCOME_LATER, and the worker has to ask again.
   */
  SkipAudit: grpc.handleUnaryCall<_struere_voice_v1_SkipAuditRequest__Output, _struere_voice_v1_SkipAuditResponse>;
  
}

export interface AuditingDefinition extends grpc.ServiceDefinition {
  RunAudit: MethodDefinition<_struere_voice_v1_RunAuditRequest, _struere_voice_v1_RunAuditResponse, _struere_voice_v1_RunAuditRequest__Output, _struere_voice_v1_RunAuditResponse__Output>
  SkipAudit: MethodDefinition<_struere_voice_v1_SkipAuditRequest, _struere_voice_v1_SkipAuditResponse, _struere_voice_v1_SkipAuditRequest__Output, _struere_voice_v1_SkipAuditResponse__Output>
}
