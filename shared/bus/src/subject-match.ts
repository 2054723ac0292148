/** NATS subjects: tokens between dots; in a pattern `*` is any one token and `>`, at the end, one or more (docs.nats.io/nats-concepts/subjects). */
export function subjectMatcher(pattern: string): (subject: string) => boolean {
  const wanted = pattern.split(".");
  const open = wanted.at(-1) === ">";
  if (open) wanted.pop();
  if (wanted.every((token) => token !== "*") && !open) return (subject) => subject === pattern;
  return (subject) => {
    const tokens = subject.split(".");
    const enough = open ? tokens.length > wanted.length : tokens.length === wanted.length;
    return enough && wanted.every((token, index) => token === "*" || token === tokens[index]);
  };
}
