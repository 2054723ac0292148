/** NATS subjects: tokens between dots; in a pattern `*` is any one token and `>`, at the end, one or more (docs.nats.io/nats-concepts/subjects). */
export function subjectMatcher(pattern: string): (subject: string) => boolean {
  const tokens = pattern.split(".");
  const last = tokens.length - 1;
  // Asked for each message: one expression is cheaper than taking subjects apart.
  const expression = new RegExp(`^${tokens.map((token, index) => expressionOf(token, index === last)).join(String.raw`\.`)}$`, "s");
  return (subject) => expression.test(subject);
}

function expressionOf(token: string, isLast: boolean): string {
  if (token === "*") return "[^.]+";
  if (token === ">" && isLast) return ".+";
  return token.replaceAll(/\W/g, String.raw`\$&`);
}
