/**
 * Cuts a text where a speaker would pause, so that the first words are heard while the rest is
 * still being synthesised. The clauses joined by one space are the text with its spaces collapsed.
 */
export function clausesOf(text: string): string[] {
  const sentences = text
    .trim()
    .replace(/\s+/g, ' ')
    .split(/(?<=[.!?]["')]?) (?=\S)/);
  return sentences.flatMap(atCommas).filter((clause) => clause !== '');
}

/** Engines take sentences well; only long ones are worth a cut inside. */
const LONG_SENTENCE_CHARACTERS = 120;
const MIN_CLAUSE_CHARACTERS = 40;

function atCommas(sentence: string): string[] {
  if (sentence.length <= LONG_SENTENCE_CHARACTERS) return [sentence];
  const clauses: string[] = [];
  for (const piece of sentence.split(/(?<=[,;:]) /)) {
    const last = clauses.at(-1);
    if (last !== undefined && last.length < MIN_CLAUSE_CHARACTERS) {
      clauses[clauses.length - 1] = `${last} ${piece}`;
    } else {
      clauses.push(piece);
    }
  }
  return clauses;
}
