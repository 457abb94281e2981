/** A clause and the audio it became, in milliseconds of the utterance. */
export interface SpokenClause {
  readonly text: string;
  startMs: number;
  /** How far its audio has come in. */
  endMs: number;
  /** Whether all its audio has come in. */
  complete: boolean;
}

/**
 * The words that were heard when `heardMs` of the audio were played, and those that were not: whole clauses, and
 * of the one that was cut off the share of its characters that its time allows, up to the last whole word.
 */
export function heardOf(clauses: readonly SpokenClause[], heardMs: number): HeardText {
  const heard: string[] = [];
  const unheard: string[] = [];
  for (const clause of clauses) {
    const lengthMs = lengthOf(clause);
    const share = lengthMs <= 0 ? 0 : (heardMs - clause.startMs) / lengthMs;
    const characters = share >= 1 ? clause.text.length : wholeWords(clause.text, share);
    heard.push(clause.text.slice(0, characters));
    unheard.push(clause.text.slice(characters).trim());
  }
  return { heard: joined(heard), unheard: joined(unheard) };
}

export interface HeardText {
  readonly heard: string;
  readonly unheard: string;
}

export function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' ');
}

/** About 15 characters a second, for a clause whose audio is still coming. */
const MS_PER_CHARACTER = 65;

function lengthOf({ text, startMs, endMs, complete }: SpokenClause): number {
  return complete ? endMs - startMs : Math.max(endMs - startMs, text.length * MS_PER_CHARACTER);
}

/** The characters of the whole words within a share of the text. */
function wholeWords(text: string, share: number): number {
  const characters = Math.max(0, Math.floor(share * text.length));
  if (text[characters] === ' ') return characters;
  return Math.max(0, text.lastIndexOf(' ', characters));
}
