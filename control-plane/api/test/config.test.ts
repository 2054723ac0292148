import { parseEnv } from "@struere/runtime";
import { newApiKey } from "@struere/store";
import { describe, expect, test } from "vitest";
import { ControlEnv, toControlConfig } from "../src/index.ts";

const WHOLE = {
  DATABASE_URL: "postgres://u:p@db/struere",
  NATS_URL: "nats://nats:4222",
  VOICE_GATEWAY_SECRET: "0123456789abcdef",
  ENCRYPTION_KEY: Buffer.alloc(32, 1).toString("base64"),
};
const parse = (source: { readonly [name: string]: string | undefined }) => toControlConfig(parseEnv(ControlEnv, source));

function sentence(source: { readonly [name: string]: string | undefined }): string {
  try {
    parse(source);
  } catch (thrown) {
    return String(thrown);
  }
  throw new Error("it was accepted");
}

describe("the environment of a control plane", () => {
  test("needs four variables; the rest have defaults", () => {
    expect(parse(WHOLE)).toEqual({
      httpPort: 4000,
      grpcPort: 4001,
      host: "0.0.0.0",
      databaseUrl: WHOLE.DATABASE_URL,
      natsUrl: WHOLE.NATS_URL,
      publicUrl: null,
      gatewayUrl: null,
      gatewaySecret: WHOLE.VOICE_GATEWAY_SECRET,
      encryptionKey: WHOLE.ENCRYPTION_KEY,
      twilio: { apiBaseUrl: null, fallbackAuthToken: null },
      openai: { apiKey: null, baseUrl: null },
      recordingDays: 30,
      bootstrapApiKey: null,
    });
  });

  test("names everything that is missing, and everything of the wrong shape, in one sentence without a value", () => {
    expect(sentence({})).toContain("missing in the environment: DATABASE_URL, NATS_URL, VOICE_GATEWAY_SECRET, ENCRYPTION_KEY");
    const all = sentence({
      ENCRYPTION_KEY: "c2hvcnQ=",
      BOOTSTRAP_API_KEY: "sk_dev_wrong",
      NATS_URL: "nats:4222",
      CONTROL_HTTP_PORT: "http",
    });
    expect(all).toContain("missing in the environment: DATABASE_URL, VOICE_GATEWAY_SECRET; invalid: ");
    expect(all).toMatch(/ENCRYPTION_KEY \(.*`openssl rand -base64 32` makes one\)/);
    expect(all).toMatch(/BOOTSTRAP_API_KEY \(.*newApiKey.*makes one\)/);
    expect(all).toMatch(/NATS_URL \(nats:\/\/host:4222/);
    expect(all).toMatch(/CONTROL_HTTP_PORT \(a port\)/);
    expect(all).not.toMatch(/c2hvcnQ=|sk_dev_wrong/);
  });

  test("takes several encryption keys, several NATS servers, and a key that the store makes", () => {
    const ENCRYPTION_KEY = `${"ab".repeat(32)}, ${WHOLE.ENCRYPTION_KEY}`;
    const BOOTSTRAP_API_KEY = newApiKey("production");
    const NATS_URL = "nats://u:p@a:4222,tls://b:4222";
    expect(parse({ ...WHOLE, ENCRYPTION_KEY, BOOTSTRAP_API_KEY, NATS_URL })).toMatchObject({
      encryptionKey: ENCRYPTION_KEY,
      bootstrapApiKey: BOOTSTRAP_API_KEY,
      natsUrl: NATS_URL,
    });
  });

  test.each([
    ["https://voice.example.com/", "https://voice.example.com"],
    ["https://voice.example.com:443", "https://voice.example.com"],
    ["https://Voice.Example.com/base/", "https://voice.example.com/base"],
    ["http://127.0.0.1:4000", "http://127.0.0.1:4000"],
  ])("reads the public URL %s as what Twilio signs", (PUBLIC_URL, publicUrl) => {
    expect(parse({ ...WHOLE, PUBLIC_URL }).publicUrl).toBe(publicUrl);
  });

  test.each([
    ["PUBLIC_URL", "ftp://voice.example.com"],
    ["PUBLIC_URL", "https://voice.example.com/?a=b"],
    ["VOICE_GATEWAY_URL", "https://media.example.com"],
    ["TWILIO_API_BASE_URL", "api.twilio.com"],
    ["VOICE_GATEWAY_SECRET", "short"],
    ["DATABASE_URL", "mysql://db/struere"],
  ])("refuses %s = %s", (name, value) => {
    expect(sentence({ ...WHOLE, [name]: value })).toContain(`invalid: ${name} (`);
  });
});
