import { parseServerEvent } from "@struere/protocol/openai";
import { expect, test } from "vitest";
import { isNoNews, toModelNews } from "../src/model/model-news.ts";

const item = { id: "item_1", object: "realtime.item", type: "message", status: "completed", role: "assistant", content: [] };
const part = { response_id: "resp_1", item_id: "item_1", output_index: 0, content_index: 0 };

test("what is passed over unparsed would have changed nothing", () => {
  const passedOver = [
    { type: "conversation.item.added", previous_item_id: null, item },
    { type: "conversation.item.done", previous_item_id: null, item },
    { type: "conversation.item.deleted", item_id: "item_1" },
    { type: "conversation.item.truncated", item_id: "item_1", content_index: 0, audio_end_ms: 20 },
    { type: "rate_limits.updated", rate_limits: [{ name: "tokens", limit: 1, remaining: 1, reset_seconds: 1 }] },
    { type: "response.content_part.added", ...part, part: { type: "audio", transcript: "" } },
    { type: "response.content_part.done", ...part, part: { type: "audio", transcript: "" } },
    { type: "response.output_item.added", response_id: "resp_1", output_index: 0, item },
    { type: "response.output_item.done", response_id: "resp_1", output_index: 0, item },
  ].map((event) => JSON.stringify(event));
  expect(passedOver.map(isNoNews)).toEqual(passedOver.map(() => true));
  expect(passedOver.map((text) => toModelNews(parseServerEvent(text)))).toEqual(passedOver.map(() => null));
});

test("what is news is parsed, and so is what is spelt strangely", () => {
  const texts = [
    '{"type":"input_audio_buffer.speech_started","item_id":"item_1"}',
    '{"type":"response.output_audio_transcript.done","response_id":"resp_1","item_id":"item_1","transcript":"Hello"}',
    '{"type":"response.done","response":{"id":"resp_1","status":"completed"}}',
    '{"type":"error","error":{"message":"no"}}',
    '{ "type": "rate_limits.updated" }',
    "{",
  ];
  expect(texts.map(isNoNews)).toEqual(texts.map(() => false));
});
