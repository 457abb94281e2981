import { distance } from 'fastest-levenshtein';

/** Words that were missed, added or taken for others, as a share of those that were said; case and marks are no words. */
export function wordErrorRate(said: string, heard: string): number {
  const letters = new Map<string, string>();
  // A word is a letter to the library, which compares strings letter by letter.
  const spelled = (text: string) =>
    wordsOf(text)
      .map((word) => letters.get(word) ?? newLetter(letters, word))
      .join('');
  return distance(spelled(said), spelled(heard)) / wordsOf(said).length;
}

function newLetter(letters: Map<string, string>, word: string): string {
  const letter = String.fromCharCode(FIRST_LETTER + letters.size);
  letters.set(word, letter);
  return letter;
}

/** The first of twenty thousand in a row. */
const FIRST_LETTER = 0x4e00;

/** In lower case, without marks. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9']+/g) ?? [];
}
