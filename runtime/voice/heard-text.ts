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
 * The words that were heard when `heardMs` of the audio were played: whole clauses, and of the one
 * that was cut off the share of its characters that its time allows, up to the last whole word.
 */
export function heardText(clauses: readonly SpokenClause[], heardMs: number): string {
  const heard: string[] = [];
  for (const clause of clauses) {
    const lengthMs = lengthOf(clause);
    const share = lengthMs <= 0 ? 0 : (heardMs - clause.startMs) / lengthMs;
    if (share <= 0) break;
    heard.push(share >= 1 ? clause.text : wholeWords(clause.text, Math.floor(share * clause.text.length)));
  }
  return heard.filter((text) => text !== '').join(' ');
}

/** About 15 characters a second, for a clause whose audio is still coming. */
const MS_PER_CHARACTER = 65;

function lengthOf({ text, startMs, endMs, complete }: SpokenClause): number {
  return complete ? endMs - startMs : Math.max(endMs - startMs, text.length * MS_PER_CHARACTER);
}

function wholeWords(text: string, characters: number): string {
  if (text[characters] === ' ') return text.slice(0, characters);
  return text.slice(0, Math.max(0, text.lastIndexOf(' ', characters)));
}
