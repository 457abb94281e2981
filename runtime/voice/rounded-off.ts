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
export function isRoundedOff(words: readonly string[], sentences: Sentences): boolean {
  const { linking, joining, ending } = sentences;
  const verbAt = words.findIndex((_, at) => isVerb(words, at, sentences));
  // "When I come home" is what happens then, which is still to come.
  if (verbAt === -1 || words.slice(0, Math.min(2, verbAt)).some((word) => linking.has(word))) return false;
  // "The lights go out when it rains": there was a verb before, which may look like a noun.
  if (words.some((word, at) => at > 1 && at < words.length - 2 && joining.has(word))) return true;
  const after = words.slice(verbAt + 1);
  if (ending.has(after.at(-1) ?? '')) return true;
  // The last word is the phrase's own: behind a linking word alone everything is still to come.
  return after.slice(0, -1).some((word) => linking.has(word));
}

function isVerb(words: readonly string[], at: number, sentences: Sentences): boolean {
  const { verbs, subjects, linking, inflections } = sentences;
  const [word = '', before = '', next] = [words[at], words[at - 1], words[at + 1]];
  if (verbs.has(word) || subjects.has(before)) return true;
  if (!inflections || at < 2 || linking.has(before)) return false;
  if (inflections.past.test(word)) return true;
  return inflections.present.test(word) && next !== undefined && !linking.has(next);
}
