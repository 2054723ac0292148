/** Items of the conversation as a client may create them. Assistant audio is not among them. */
import { array, type Check, invalid, object, oneOf, oneOfKinds, string } from "./check.ts";
import { MAX_ID } from "./session.ts";

const id = string({ min: 1, max: MAX_ID });
const common = { id, object: oneOf("realtime.item"), status: oneOf("completed", "incomplete", "in_progress") };

/** base64 with padding, not empty, 15 MiB at most. */
export const base64: Check = (value, path) => {
  const problems = string({ min: 4, max: 20 * 1024 * 1024, pattern: /^[A-Za-z0-9+/]+={0,2}$/ })(value, path);
  if (problems.length > 0 || typeof value !== "string" || value.length % 4 === 0) return problems;
  return invalid(path, "base64 without its padding");
};

const inputText = object({ type: oneOf("input_text"), text: string() });

const userContent = oneOfKinds("type", {
  input_text: inputText,
  input_audio: object({ type: oneOf("input_audio"), audio: base64 }, { transcript: string() }),
  input_image: object({ type: oneOf("input_image"), image_url: string({ min: 1 }) }, { detail: oneOf("auto", "low", "high") }),
});
const systemContent = oneOfKinds("type", { input_text: inputText });
const assistantContent = oneOfKinds("type", { output_text: object({ type: oneOf("output_text"), text: string() }) });

const message = (role: string, content: Check): Check =>
  object({ type: oneOf("message"), role: oneOf(role), content: array(content, { min: 1 }) }, common);

const kinds = {
  message: oneOfKinds("role", {
    user: message("user", userContent),
    system: message("system", systemContent),
    assistant: message("assistant", assistantContent),
  }),
  function_call: object(
    { type: oneOf("function_call"), name: string({ min: 1 }), arguments: string() },
    { ...common, call_id: string({ min: 1, max: MAX_ID }) },
  ),
  function_call_output: object({ type: oneOf("function_call_output"), call_id: string({ min: 1, max: MAX_ID }), output: string() }, common),
};

export const item = oneOfKinds("type", kinds);

/** `response.create` may also point at items that exist. */
export const itemOrReference = oneOfKinds("type", { ...kinds, item_reference: object({ type: oneOf("item_reference"), id }) });
