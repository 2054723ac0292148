export {
  AuditMessage,
  type CallEventName,
  DismissMessage,
  EventMessage,
  InjectMessage,
  PrepareMessage,
  ReceiptMessage,
  TranscriptMessage,
  UsageMessage,
  WatermarkMessage,
} from "./messages.ts";
export {
  CALL_KINDS,
  type CallAddress,
  type CallKind,
  callSubject,
  everyCallSubject,
  nodeSubject,
  parseCallSubject,
  RECORDED_KINDS,
  type RecordedKind,
} from "./subjects.ts";
