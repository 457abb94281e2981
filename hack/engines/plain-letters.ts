/** A text without accents, which flite leaves out together with their letters: "zéro" → "zero". */
export function plainLetters(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '');
}
