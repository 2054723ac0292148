/** What both relays tell the model: the session of a phone call, and to begin to speak. */
export const relaySession = {
  type: "session.update",
  event_id: "configure",
  session: {
    type: "realtime",
    output_modalities: ["audio"],
    instructions: "You answer the phone.",
    audio: {
      input: {
        format: { type: "audio/pcmu" },
        turn_detection: { type: "semantic_vad", eagerness: "medium", create_response: true, interrupt_response: true },
      },
      output: { format: { type: "audio/pcmu" }, voice: "alloy" },
    },
  },
} as const;

export const relayGreeting = { type: "response.create", event_id: "greeting" } as const;
