import type { SpokenWord } from '#runtime/engines/text-to-speech.ts';

/** A clause and the audio it became, in milliseconds of the utterance. */
export interface SpokenClause {
  readonly text: string;
  startMs: number;
  /** How far its audio has come in. */
  endMs: number;
  /** Whether all its audio has come in. */
  complete: boolean;
  /** Where the engine tells them, as far as they have come in. */
  readonly words: SpokenWord[];
}

/**
 * The words that were heard when `heardMs` of the audio were played, and those that were not: whole clauses, and
 * of the one that was cut off those that had ended by then; where no engine tells when words ended, the share of its
 * characters that its time allows, up to the last whole word.
 */
export function heardOf(clauses: readonly SpokenClause[], heardMs: number): HeardText {
  const heard: string[] = [];
  const unheard: string[] = [];
  for (const clause of clauses) {
    const characters = heardCharacters(clause, heardMs - clause.startMs);
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

/** The characters of a clause that were heard in so many milliseconds of it. */
function heardCharacters(clause: SpokenClause, ms: number): number {
  const lengthMs = lengthOf(clause);
  if (lengthMs > 0 && ms >= lengthMs) return clause.text.length;
  return endOfWords(clause, ms) ?? wholeWords(clause.text, lengthMs <= 0 ? 0 : ms / lengthMs);
}

/** Where the words end that were over after `ms`; undefined where they are not known, or are not those of the text. */
function endOfWords({ text, words }: SpokenClause, ms: number): number | undefined {
  if (words.length === 0) return undefined;
  let end = 0;
  for (const word of words) {
    const at = text.indexOf(word.text, end);
    if (at < 0) return undefined;
    if (word.endMs > ms) break;
    end = at + word.text.length;
  }
  return end;
}

/** The characters of the whole words within a share of the text. */
function wholeWords(text: string, share: number): number {
  const characters = Math.max(0, Math.floor(share * text.length));
  if (text[characters] === ' ') return characters;
  return Math.max(0, text.lastIndexOf(' ', characters));
}
