/** Prompts: `{{…}}` filled in, for conversations in writing and on the phone, and shown to whoever writes them. */
export { compilePrompt, type CompiledPrompt, type CompileQuestion } from "./compile-prompt.ts";
export { addCompilePrompt } from "./compile-prompt-route.ts";
export { fillPrompt, type PromptToFill, textPromptRenderer } from "./render-prompt.ts";
