/**
 * Every bound of a call, in one place: how long is waited, how often is tried, how much is kept, and so what a caller can at worst
 * experience. What happens at a bound is said here and done in the machine that owns it.
 */

// Getting to the conversation.

/** `start` has not come: nobody is there, the socket is closed. */
export const START_MS = 10_000;
/** ClaimCall has not been answered: the socket is closed, and Twilio goes on with its next verb. */
export const CONFIG_MS = 5_000;
/** From the configuration to a configured model. Then the call fails as `model_unavailable`: ten seconds of dead air are a lost call. */
export const CONNECT_MS = 8_000;
/** One attempt at it, until there is a session, and again until that is configured. A leg that hangs so long is given up for a new one. */
export const ATTEMPT_MS = 4_000;
/** A leg that broke is not replaced in the same instant. */
export const ATTEMPT_PAUSE_MS = 500;
export const ATTEMPTS_MAX = 2;

// One voice.

/** Asked for, and neither created nor refused: asked again. Four times, after `AUTO_RESPONSE_MS`, leave the caller without a word for less than 10 s. */
export const CREATED_MS = 1_500;
/** Created, and no audio: cancelled and asked again. */
export const FIRST_AUDIO_MS = 3_500;
/** Audio began and stands still: cancelled, cut at what was heard, asked again. */
export const STALLED_MS = 4_000;
/** All audio is there and the end was never announced: it is over. */
export const DONE_MS = 15_000;
/** Cancelled, and the end was never announced: it is over. */
export const CANCELLED_MS = 2_000;
/** Refused because another response is active, which we do not know of: asked again. */
export const BUSY_MS = 500;
export const BUSY_MAX = 16;
/** First pause before a failed response is asked for again; doubled each time. */
export const BACKOFF_MS = 500;
/** The caller has stopped speaking: the vendor makes a turn of it by then, or it was none. */
export const COMMITTED_MS = 1_000;
/** The vendor's own VAD should have created a response by now: we ask for it. */
export const AUTO_RESPONSE_MS = 2_500;
/** Response ids that are remembered as over, so that late news of them is recognised. */
export const RESPONSES_REMEMBERED = 64;
/** So many responses may begin within the window, asked for or not; with the last of them the call ends. */
export const RESPONSES_IN_WINDOW_MAX = 16;
export const RESPONSES_WINDOW_MS = 15_000;
/** Responses that may be on their way out, unheard, at one time. */
export const DISCARDED_MAX = 8;

// Playback and the floor.

/** So much of the greeting must have been heard before speech may cut it: until then "speech" is mostly echo and "hello?". */
export const SHIELD_MS = 1_000;
/** Between two marks playback is assumed to go on, but no longer than this: the lane sets one each 720 ms at least. */
export const INTERPOLATED_MS = 900;
/** Audio is played in frames of this length, each to its end (twilio.com/docs/voice/media-streams/websocket-messages). */
export const FRAME_MS = 20;
/** Marks can be lost. Audio of n ms is over n ms after it was sent, and this. */
export const MARK_GRACE_MS = 2_000;
/** Item ids that are remembered as closed, so that late audio and words of them are recognised. */
export const ITEMS_REMEMBERED = 64;
/** speech_started without speech_stopped: nobody speaks that long in one breath. */
export const SPEECH_MS = 60_000;
/** The caller speaks, but no media comes: the VAD is given silence, or it waits forever. */
export const MEDIA_GAP_MS = 750;
export const PADDING_MS = 1_000;
/** No media at all: the line is dead, whatever the socket says. */
export const NO_MEDIA_MS = 10_000;

// Transcript and usage.

/** Of one utterance; what is longer is cut. */
export const UTTERANCE_CHARS_MAX = 50_000;
/** A caller's words that are not transcribed by then stay empty. */
export const TRANSCRIPTION_MS = 10_000;
/** Responses whose usage is awaited at one time; the oldest is estimated. */
export const USAGE_AWAITED_MAX = 16;
/** Ids that are remembered as metered. */
export const METERED_REMEMBERED = 128;
/** A number of tokens beyond this is not a measurement. */
export const TOKENS_MAX = 10_000_000;
/** platform.openai.com/docs/guides/realtime-costs: the caller's audio is one token per 100 ms, the agent's one per 50 ms. */
export const CALLER_TOKEN_MS = 100;
export const AGENT_TOKEN_MS = 50;

// Tools.

/** A tool itself has 15 s; the rest is for a control plane that comes back. */
export const TOOL_MS = 20_000;
/** A tool runs and nobody speaks: the agent says that it is looking. */
export const FILLER_MS = 1_200;
/** The same when it has said so already. */
export const FILLER_AGAIN_MS = 8_000;
/** Per caller turn, and per call; what is above is answered with an error. */
export const TOOLS_PER_TURN = 8;
export const TOOLS_PER_CALL = 32;
/** Responses with tool calls, per caller turn: a model that only calls is no longer asked to go on. */
export const TOOL_ROUNDS_PER_TURN = 10;
export const ARGUMENTS_CHARS_MAX = 32_000;
export const OUTPUT_CHARS_MAX = 32_000;
export const TOOLS_REMEMBERED = 128;

/** Keys that wait to be played. */
export const TONES_MAX = 64;
/** They wait so long for the other side to be silent. */
export const TONES_WAIT_MS = 5_000;
export const TONE_MS = 200;
export const TONE_PAUSE_MS = 500;

// Routing.

/** A call changes its agent so often at most. */
export const TRANSFERS_MAX = 5;
/** A question to the router that is not answered by then is given up. */
export const ROUTE_MS = 5_000;
/** Of each utterance that a question carries. */
export const ROUTED_CHARS_MAX = 2_000;

// Injections, keys, silence.

/** Quiet time between two corrections. */
export const COOL_DOWN_MS = 3_000;
export const INJECTIONS_REMEMBERED = 256;
/** Corrections that wait at one time, each about another thing; the oldest gives way. */
export const CORRECTIONS_MAX = 3;
/** Digits belong together until so long none came. */
export const KEYS_QUIET_MS = 1_500;
export const KEYS_MAX = 32;
/** Nobody speaks: the agent asks whether somebody is there. */
export const SILENCE_MS = 8_000;
/** Unanswered so often, it says goodbye. */
export const NUDGES_MAX = 2;

// The end.

/** Told to end, the call waits so long for a moment in which nobody speaks. */
export const ADVICE_WAIT_MS = 5_000;

/** The caller is being connected to a person: so long is waited for the stream's stop. */
export const LEAVE_MS = 15_000;

/** The farewell has not begun to sound by then: it is left out. */
export const FAREWELL_START_MS = 8_000;
/** The same after `call.end`, where the agent has usually said goodbye already. */
export const FAREWELL_AFTER_END_MS = 3_000;
/** The farewell, or the last words before `call.end`, are played no longer than this. */
export const LAST_WORDS_MS = 30_000;
/** An end that is not the agent's own lets current audio play no longer than this. */
export const FADE_MS = 2_000;
/** Once nobody listens: how long usage and transcriptions that are still on their way are awaited. */
export const SETTLE_MS = 1_500;
/** EndCall has not been answered: the call is over all the same. */
export const RECORD_MS = 3_000;
/** So a call that has begun to close is over within this, if nothing happens but time. */
export const CLOSING_MS = LAST_WORDS_MS + FADE_MS + SETTLE_MS + RECORD_MS;
/** And one that is told to end uses nothing more after this. */
export const ADVISED_END_MS = ADVICE_WAIT_MS + LAST_WORDS_MS + FADE_MS + SETTLE_MS;
