import { Fault } from "@struere/kernel";
import { clearMessage, markMessage, mediaMessage, parseTwilioMessage } from "@struere/protocol/twilio";
import { describe, expect, test } from "vitest";

const format = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
const start = {
  event: "start",
  sequenceNumber: "1",
  start: {
    accountSid: "AC1",
    streamSid: "MZ1",
    callSid: "CA1",
    tracks: ["inbound"],
    mediaFormat: format,
    customParameters: { token: "t" },
  },
  streamSid: "MZ1",
};
const media = {
  event: "media",
  sequenceNumber: "4",
  media: { track: "inbound", chunk: "2", timestamp: "102", payload: "////" },
  streamSid: "MZ1",
};
const parse = (message: object) => parseTwilioMessage(JSON.stringify(message));

describe("a message of the stream", () => {
  test.each([
    [{ event: "connected", protocol: "Call", version: "1.0.0" }, { type: "connected" }],
    [start, { type: "start", streamSid: "MZ1", callSid: "CA1", accountSid: "AC1", customParameters: { token: "t" }, sequenceNumber: 1 }],
    [media, { type: "media", streamSid: "MZ1", track: "inbound", chunk: 2, timestampMs: 102, payload: "////", sequenceNumber: 4 }],
    [
      { event: "dtmf", streamSid: "MZ1", sequenceNumber: "5", dtmf: { track: "inbound_track", digit: "#" } },
      { type: "dtmf", streamSid: "MZ1", digit: "#" },
    ],
    [
      { event: "mark", sequenceNumber: "4", streamSid: "MZ1", mark: { name: "my label" } },
      { type: "mark", streamSid: "MZ1", name: "my label" },
    ],
    [
      { event: "stop", sequenceNumber: "5", streamSid: "MZ1", stop: { accountSid: "AC1", callSid: "CA1" } },
      { type: "stop", streamSid: "MZ1", callSid: "CA1" },
    ],
    [
      { event: "applause", streamSid: "MZ1" },
      { type: "unknown", event: "applause" },
    ],
    [{ event: "toString" }, { type: "unknown", event: "toString" }],
  ])("%j is understood", (message, understood) => {
    expect(parse(message)).toEqual(understood);
  });

  test("may carry keys that we do not know, and numbers as numbers", () => {
    const message = { ...media, sequenceNumber: 4, mood: "good", media: { ...media.media, chunk: 2, timestamp: 102, gain: 1 } };
    expect(parse(message)).toEqual(parse(media));
  });

  test("starts a stream without custom parameters as well", () => {
    const { customParameters, ...rest } = start.start;
    expect(customParameters).toEqual({ token: "t" });
    expect(parse({ ...start, start: rest })).toMatchObject({ customParameters: {} });
  });

  test.each([
    ["hello", "Twilio message: not JSON"],
    ["null", /^\[invalid_argument\] Twilio message: message: /],
    ["{}", /Twilio message: event: /],
    [JSON.stringify({ ...media, media: { ...media.media, payload: "" } }), /"media" message: media.payload: /],
    [JSON.stringify({ ...media, media: { ...media.media, timestamp: "-1" } }), /"media" message: media.timestamp: /],
    [JSON.stringify({ ...media, streamSid: undefined }), /"media" message: streamSid: /],
    [JSON.stringify({ ...start, start: { ...start.start, callSid: "" } }), /"start" message: start.callSid: /],
    [
      JSON.stringify({ ...start, start: { ...start.start, mediaFormat: { ...format, encoding: "audio/l16" } } }),
      /start.mediaFormat.encoding: /,
    ],
    [JSON.stringify({ event: "mark", streamSid: "MZ1" }), /"mark" message: mark: /],
    [JSON.stringify({ event: "dtmf", streamSid: "MZ1", dtmf: { digit: "12" } }), /"dtmf" message: dtmf.digit: /],
  ])("that is malformed is a fault: %s", (text, sentence) => {
    expect(() => parseTwilioMessage(text)).toThrow(Fault);
    expect(() => parseTwilioMessage(text)).toThrow(sentence);
  });
});

test("what we send is what Twilio documents", () => {
  expect(JSON.parse(mediaMessage("MZ1", "////"))).toEqual({ event: "media", streamSid: "MZ1", media: { payload: "////" } });
  expect(JSON.parse(markMessage("MZ1", "item:20:g1"))).toEqual({ event: "mark", streamSid: "MZ1", mark: { name: "item:20:g1" } });
  expect(JSON.parse(clearMessage("MZ1"))).toEqual({ event: "clear", streamSid: "MZ1" });
});
