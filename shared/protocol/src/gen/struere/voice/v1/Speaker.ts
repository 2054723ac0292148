// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto

export const Speaker = {
  SPEAKER_UNSPECIFIED: 'SPEAKER_UNSPECIFIED',
  SPEAKER_CALLER: 'SPEAKER_CALLER',
  SPEAKER_AGENT: 'SPEAKER_AGENT',
} as const;

export type Speaker =
  | 'SPEAKER_UNSPECIFIED'
  | 0
  | 'SPEAKER_CALLER'
  | 1
  | 'SPEAKER_AGENT'
  | 2

export type Speaker__Output = typeof Speaker[keyof typeof Speaker]
