import { describeProblems, VoiceConfig, voiceConfigWarnings } from "struere";
import { describe, expect, test } from "vitest";

const problems = (config: unknown): string => {
  const { success, error } = VoiceConfig.safeParse(config);
  return success ? "fine" : describeProblems(error);
};

test("nothing said means the documented defaults, in single-agent mode", () => {
  expect(VoiceConfig.parse({})).toEqual({
    provider: "openai-realtime",
    model: "gpt-realtime-2.1-mini",
    voice: "alloy",
    pollInterval: 5_000,
    turnDetection: { type: "semantic_vad", eagerness: "medium" },
    transcriptionModel: "gpt-transcribe",
    voicemail: { policy: "treat_as_human" },
    ringSeconds: 30,
  });
});

test("the documented aliases mean what they say", () => {
  expect(VoiceConfig.parse({ provider: "openai" }).provider).toBe("openai-realtime");
  expect(VoiceConfig.parse({ model: "openai/gpt-realtime-1.5" }).model).toBe("gpt-realtime-1.5");
});

test("an empty or undefined auditor is no auditor", () => {
  expect(VoiceConfig.parse({ auditorAgent: "" })).not.toHaveProperty("auditorAgent");
  expect(VoiceConfig.parse({ auditorAgent: undefined })).not.toHaveProperty("auditorAgent");
  expect(VoiceConfig.parse({ auditorAgent: "form-auditor" }).auditorAgent).toBe("form-auditor");
});

test("an auditor corrects every call, unless a share is given", () => {
  expect(VoiceConfig.parse({ auditorAgent: "form-auditor" }).auditorSample).toBe(1);
  for (const auditorSample of [0, 0.5, 1]) {
    expect(VoiceConfig.parse({ auditorAgent: "form-auditor", auditorSample }).auditorSample).toBe(auditorSample);
  }
  expect(VoiceConfig.parse({})).not.toHaveProperty("auditorSample");
});

test("a share without an auditor is legal but warned about", () => {
  expect(voiceConfigWarnings(VoiceConfig.parse({ auditorSample: 0.5 }), "2026-11-22")).toEqual([
    "auditorSample: has no effect without an auditorAgent: nobody audits, so there is nothing to compare",
  ]);
  expect(voiceConfigWarnings(VoiceConfig.parse({ auditorAgent: "checker", auditorSample: 0.5 }), "2026-11-22")).toEqual([]);
});

test("a detection that only names its type gets the documented numbers", () => {
  expect(VoiceConfig.parse({ turnDetection: { type: "server_vad" } }).turnDetection).toEqual({
    type: "server_vad",
    threshold: 0.5,
    silenceDurationMs: 500,
    prefixPaddingMs: 300,
  });
  expect(VoiceConfig.parse({ turnDetection: { type: "semantic_vad" } }).turnDetection).toEqual({
    type: "semantic_vad",
    eagerness: "medium",
  });
});

describe("what is wrong is said with field, value and legal values", () => {
  test.each([
    [
      { voice: "nova" },
      'voice: "nova" is not legal; legal: "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"',
    ],
    [{ provider: "azure" }, 'provider: "azure" is not legal; legal: "openai-realtime"'],
    [{ noiseReduction: "off" }, 'noiseReduction: "off" is not legal; legal: "near_field", "far_field"'],
    [{ pollInterval: 2_999 }, "pollInterval: 2999 is not legal; legal: a whole number from 3000 to 600000 milliseconds"],
    [{ pollInterval: "5000" }, 'pollInterval: "5000" is not legal; legal: a whole number from 3000 to 600000 milliseconds'],
    [{ auditorSample: 1.5 }, "auditorSample: 1.5 is not legal; legal: a number from 0 to 1"],
    [{ auditorSample: "half" }, 'auditorSample: "half" is not legal; legal: a number from 0 to 1'],
    [{ turnDetection: { type: "vad" } }, 'turnDetection.type: "vad" is not legal; legal: "semantic_vad", "server_vad"'],
    [{ turnDetection: {} }, 'turnDetection.type: is missing; legal: "semantic_vad", "server_vad"'],
    [
      { turnDetection: "server_vad" },
      'turnDetection: "server_vad" is not legal; legal: an object whose type is one of "semantic_vad", "server_vad"',
    ],
    [
      { turnDetection: { type: "semantic_vad", threshold: 0.5 } },
      'turnDetection: unknown key "threshold"; legal keys of turnDetection of type semantic_vad: type, eagerness',
    ],
    [
      { turnDetection: { type: "server_vad", eagerness: "low" } },
      'turnDetection: unknown key "eagerness"; legal keys of turnDetection of type server_vad: type, threshold, silenceDurationMs, prefixPaddingMs',
    ],
    [{ turnDetection: { type: "server_vad", threshold: 1.1 } }, "turnDetection.threshold: 1.1 is not legal; legal: a number from 0 to 1"],
    [
      { turnDetection: { type: "server_vad", silenceDurationMs: 99.5 } },
      "turnDetection.silenceDurationMs: 99.5 is not legal; legal: a whole number from 100 to 10000 milliseconds",
    ],
    [
      { auditorAgent: "Not A Slug" },
      'auditorAgent: "Not A Slug" is not legal; legal: a slug such as "intake-agent": a-z, 0-9, words joined by - or _, at most 64 characters',
    ],
    [
      { colour: "red", volume: 1 },
      'unknown keys "colour", "volume"; legal keys of voiceConfig: provider, model, voice, auditorAgent, auditorSample, pollInterval, turnDetection, noiseReduction, recording, transcriptionModel, voicemail, ringSeconds',
    ],
  ])("%j", (config, sentence) => {
    expect(problems(config)).toBe(sentence);
  });

  test("a text model can not speak", () => {
    expect(problems({ model: "gpt-5-mini" })).toMatch(
      /^model: "gpt-5-mini" is not legal; legal: "gpt-realtime-2.1-mini", "gpt-realtime-2.1"/,
    );
  });
});

test("a short interval is legal but warned about, once somebody audits", () => {
  const hasty = VoiceConfig.parse({ auditorAgent: "checker", pollInterval: 3_000 });
  expect(voiceConfigWarnings(hasty, "2026-11-22")).toEqual([
    "pollInterval: 3000 is short, corrections may cut the agent off again and again; 5000 or more is calm",
  ]);
  expect(voiceConfigWarnings(VoiceConfig.parse({ pollInterval: 3_000 }), "2026-11-22")).toEqual([]);
});
