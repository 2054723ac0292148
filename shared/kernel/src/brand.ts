/** A type that only its own constructor can make: `Brand<string, "CallId">` is a string that nothing else may pose as. */
export type Brand<Base, Name extends string> = Base & { readonly __brand: Name };
