import type { MindReply, MindTurn } from "./mind.ts";
import { ordered, prescribedGreeting } from "./obedience.ts";

export const DEFAULT_GREETING = "Hello, thank you for calling. How can I help you?";
const FAREWELL = /\b(?:good ?bye|bye|that is all|that's all|adiós|tschüss)\b/i;

/**
 * The mind that is there when nobody wrote one. It says what it is told to say, greets, repeats what it understood, and says goodbye;
 * enough to carry a call, and every answer shows what was heard.
 */
export function receptionist(turn: MindTurn): MindReply {
  const order = ordered(turn);
  if (order !== undefined) return { say: order };
  const newest = turn.history.at(-1);
  if (newest?.role === "tool_output") return { say: `I have the answer: ${newest.text.slice(0, 120)}` };
  if (turn.lastUser === null) return { say: prescribedGreeting(turn.instructions) ?? DEFAULT_GREETING };
  if (turn.lastUser === "") return { say: "Sorry, I could not understand you. Could you say that again?" };
  if (FAREWELL.test(turn.lastUser)) return { say: "Thank you for calling. Goodbye." };
  return { say: `You said: ${turn.lastUser} What else can I do for you?` };
}
