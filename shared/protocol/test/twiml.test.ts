import { connectStream, hangUp, sayAndHangUp } from "@struere/protocol/twilio";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readXml } from "./read-xml.ts";

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const urls = {
  streamUrl: "wss://media.example.com/media",
  actionUrl: "https://voice.example.com/twilio/connect-action",
  streamStatusUrl: "https://voice.example.com/twilio/stream-status",
  fallbackUrl: "https://voice.example.com/twilio/fallback?a=1&b=2",
};

test("a call is joined to its stream, and goes on at a URL of ours whatever becomes of it", () => {
  expect(connectStream({ ...urls, token: "call_1.1.99.abc" })).toBe(
    `${HEAD}<Response>` +
      `<Connect action="https://voice.example.com/twilio/connect-action" method="POST">` +
      `<Stream url="wss://media.example.com/media" statusCallback="https://voice.example.com/twilio/stream-status" statusCallbackMethod="POST">` +
      `<Parameter name="token" value="call_1.1.99.abc"/>` +
      `</Stream></Connect>` +
      `<Redirect method="POST">https://voice.example.com/twilio/fallback?a=1&amp;b=2</Redirect>` +
      `</Response>`,
  );
});

test("words are said before the line is cut", () => {
  expect(sayAndHangUp("Sorry, that's <not> available.")).toBe(
    `${HEAD}<Response><Say>Sorry, that&apos;s &lt;not&gt; available.</Say><Hangup/></Response>`,
  );
  expect(hangUp()).toBe(`${HEAD}<Response><Hangup/></Response>`);
});

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

/** What a document can hold; all else is replaced. */
const representable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.toWellFormed().replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, "\uFFFD");

test("every string survives as text", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const [say] = readXml(sayAndHangUp(text)).children;
      const said = typeof say === "object" ? say.children.filter((child) => typeof child === "string").join("") : undefined;
      expect(said).toBe(representable(text));
    }),
    { numRuns: 500 },
  );
});

test("every string survives as an attribute", () => {
  fc.assert(
    fc.property(anyText, (token) => {
      const [connect] = readXml(connectStream({ ...urls, token })).children;
      const stream = typeof connect === "object" ? connect.children[0] : undefined;
      const parameter = typeof stream === "object" ? stream.children[0] : undefined;
      expect(typeof parameter === "object" && parameter.attributes["value"]).toBe(representable(token));
    }),
    { numRuns: 500 },
  );
});
