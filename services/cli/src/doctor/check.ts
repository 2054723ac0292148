/** What doctor finds: one line for each thing looked at, and for each problem one that says what to do. */
export type Finding =
  | { readonly check: string; readonly state: "ok"; readonly detail: string }
  | { readonly check: string; readonly state: "skipped"; readonly detail: string }
  | { readonly check: string; readonly state: "problem"; readonly detail: string; readonly fix: string };

export const fine = (check: string, detail: string): Finding => ({ check, state: "ok", detail });
export const skipped = (check: string, detail: string): Finding => ({ check, state: "skipped", detail });
export const problem = (check: string, detail: string, fix: string): Finding => ({ check, state: "problem", detail, fix });
