import {
  callerNumber,
  ConnectActionWebhook,
  isTerminalStatus,
  StatusWebhook,
  StreamStatusWebhook,
  VoiceWebhook,
} from "@struere/protocol/twilio";
import { expect, test } from "vitest";

const form = {
  CallSid: "CA1",
  AccountSid: "AC1",
  ApiVersion: "2010-04-01",
  CallStatus: "ringing",
  Direction: "inbound",
  From: "+14155550100",
  To: "+14155550199",
  Caller: "+14155550100",
  FromCity: "",
  CallerName: "",
};
const call = {
  callSid: "CA1",
  accountSid: "AC1",
  from: "+14155550100",
  to: "+14155550199",
  callStatus: "ringing",
  direction: "inbound",
};

test("an inbound call is read from its form, where empty fields count as absent", () => {
  expect(VoiceWebhook.parse(form)).toEqual({
    ...call,
    parentCallSid: null,
    forwardedFrom: null,
    callerName: null,
    stirVerstat: null,
    answeredBy: null,
    errorCode: null,
    errorUrl: null,
  });
});

test("an outbound call says so, and a fallback request brings its error", () => {
  const parsed = VoiceWebhook.parse({ ...form, Direction: "outbound-api", CallStatus: "in-progress", ErrorCode: "11200" });
  expect(parsed).toMatchObject({ direction: "outbound", callStatus: "in-progress", errorCode: "11200" });
});

test("a call without CallSid is no call", () => {
  expect(VoiceWebhook.safeParse({ ...form, CallSid: "" }).success).toBe(false);
});

test("a withheld caller is anonymous, and no caller is a number that is none", () => {
  expect(VoiceWebhook.parse({ ...form, From: "" }).from).toBe("anonymous");
  expect(["+14155550100", "anonymous", "+266696687", "client:ann", "sip:a@b", ""].map(callerNumber)).toEqual([
    "+14155550100",
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("a status has its numbers as numbers, and an unheard-of status is unknown", () => {
  const parsed = StatusWebhook.parse({
    ...form,
    CallStatus: "completed",
    SequenceNumber: "3",
    CallDuration: "49",
    Timestamp: "Sun, 25 Mar 2018",
  });
  expect(parsed).toEqual({
    ...call,
    callStatus: "completed",
    sequenceNumber: 3,
    callDurationS: 49,
    timestamp: "Sun, 25 Mar 2018",
    answeredBy: null,
    sipResponseCode: null,
    errorCode: null,
  });
  expect(StatusWebhook.parse({ ...form, CallStatus: "levitating" }).callStatus).toBe("unknown");
  expect(
    ["completed", "busy", "ringing", "unknown"].map((status) =>
      isTerminalStatus(StatusWebhook.parse({ ...form, CallStatus: status }).callStatus),
    ),
  ).toEqual([true, true, false, false]);
});

test("news about a stream and the end of <Connect> are read leniently", () => {
  const stream = {
    CallSid: "CA1",
    AccountSid: "AC1",
    StreamSid: "MZ1",
    StreamEvent: "stream-error",
    StreamError: "31901",
    Timestamp: "2024-11-29T00:09:39.602648368Z",
  };
  expect(StreamStatusWebhook.parse(stream)).toEqual({
    callSid: "CA1",
    accountSid: "AC1",
    streamSid: "MZ1",
    streamName: null,
    streamEvent: "stream-error",
    streamError: "31901",
    timestamp: "2024-11-29T00:09:39.602648368Z",
  });
  expect(StreamStatusWebhook.parse({ ...stream, StreamEvent: "stream-paused" }).streamEvent).toBe("unknown");
  expect(ConnectActionWebhook.parse({ ...form, CallStatus: "in-progress" })).toEqual({
    ...call,
    callStatus: "in-progress",
    streamSid: null,
    streamEvent: null,
    streamError: null,
  });
});
