/** The shortest password the server takes. */
export const MIN_PASSWORD = 8;

export type Strength = "short" | "weak" | "fair" | "good";

/** A hint while typing, by length above all: what the server refuses as too common it says itself. */
export function passwordStrength(password: string): Strength {
  if ([...password].length < MIN_PASSWORD) return "short";
  const different = new Set(password).size;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(password)).length;
  if (different < 5) return "weak";
  const score = password.length + 3 * (kinds - 1);
  if (score >= 20) return "good";
  return score >= 14 ? "fair" : "weak";
}
