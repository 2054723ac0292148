// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { Lease as _struere_voice_v1_Lease, Lease__Output as _struere_voice_v1_Lease__Output } from '../../../struere/voice/v1/Lease.ts';

export interface RenewLeaseRequest {
  'nodeId'?: (string);
  'leases'?: (_struere_voice_v1_Lease)[];
}

export interface RenewLeaseRequest__Output {
  'nodeId': (string);
  'leases': (_struere_voice_v1_Lease__Output)[];
}
