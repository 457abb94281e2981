import type { Sentences } from './turn-words.ts';

/**
 * Whether a sentence has what most have: somebody does or is something, and after that it says for what, where, when or
 * why. What speakers add to a sentence that could end are mostly such phrases (Ford, Fox and Thompson, "Constituency and
 * the grammar of turn increments", 2002), so that one which has them goes on less often than one which has not.
 *
 * Goes by words of which a language has few: auxiliaries and pronouns tell that there is a verb, prepositions and
 * conjunctions that a phrase follows. In doubt a sentence is not rounded off, which costs some patience.
 *
 * @param words In lower case.
 */
export function isRoundedOff(
  words: readonly string[],
  { verbs, subjects, linking, ending }: Sentences,
): boolean {
  const verbAt = words.findIndex((word, at) => verbs.has(word) || subjects.has(words[at - 1] ?? ''));
  // "When I come home" is what happens then, which is still to come.
  if (verbAt === -1 || words.slice(0, verbAt).some((word, at) => at <= 1 && linking.has(word))) return false;
  const after = words.slice(verbAt + 1);
  if (ending.has(after.at(-1) ?? '')) return true;
  // The last word is the phrase's own: behind a linking word alone everything is still to come.
  return after.slice(0, -1).some((word) => linking.has(word));
}
