/** Words to be compared, and words to be shown. */

export const plain = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, " ").trim();
export const shortened = (text: string): string => (text.length > 400 ? `${text.slice(0, 400)}…` : text);
