/** Any text; an editor offers the known ones. */
export type Suggested<Known extends string> = Known | (string & Record<never, never>);
