/** Controls, and marks that turn the direction of writing: what a caller or a model said must not steer the terminal that shows it. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

export function plainText(text: string): string {
  return text.replace(UNSAFE, " ");
}
