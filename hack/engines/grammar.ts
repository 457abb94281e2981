import { runChild } from './child-program.ts';
import { plainLetters } from './plain-letters.ts';

/** What a recogniser is told to expect: sentences, and how their words are pronounced. Both as PocketSphinx reads them. */
export interface Grammar {
  readonly rules: string;
  /** Absent: the model's own, of English. */
  readonly dictionary?: string;
}

/** The grammar of English sentences that are said whole, for a narrow-band line, on which parts of them are mistaken for others. */
export function wholeSentences(sentences: readonly string[]): Grammar {
  const phrases = sentences.map((sentence) => wordsOf(sentence).join(' '));
  return {
    rules: `#JSGF V1.0 UTF-8;\ngrammar sentences;\npublic <said> = (${phrases.join(' | ')})+;\n`,
  };
}

/**
 * The grammar of some sentences, to be recognised whole or in parts. Words are expected as flite says them, so that it
 * need not be English. Rejects with SpeechProgramError.
 */
export async function grammarOf(
  sentences: readonly string[],
  signal: AbortSignal,
): Promise<Grammar | undefined> {
  const phrases = [...new Set(sentences.map((sentence) => wordsOf(sentence).join(' ')))].filter(Boolean);
  const words = [...new Set(phrases.flatMap((phrase) => phrase.split(' ')))];
  if (words.length === 0) return undefined;
  const entries: string[] = [];
  for (const word of words) entries.push(...(await entriesOf(word, signal)));
  const alternatives = (texts: readonly string[], weight: number) =>
    texts.map((text) => `/${weight}/ ${text}`).join(' | ');
  return {
    rules: [
      '#JSGF V1.0 UTF-8;',
      'grammar caller;',
      `<sentence> = ${alternatives(phrases, 1)};`,
      `<part> = ${alternatives(partsOf(phrases), PART_WEIGHT)};`,
      'public <said> = <sentence>+ | <part>;',
      '',
    ].join('\n'),
    dictionary: `${entries.join('\n')}\n`,
  };
}

/** Whoever is cut off has said a part of a sentence, which is less likely than a whole one. */
const PART_WEIGHT = 0.01;

/** What is heard of the sentences where their beginning or their end is lost. */
function partsOf(phrases: readonly string[]): string[] {
  const parts = phrases.flatMap((phrase) => {
    const words = phrase.split(' ');
    return words.flatMap((_, at) => [words.slice(0, at).join(' '), words.slice(at).join(' ')]);
  });
  return [...new Set(parts)].filter((part) => part !== '');
}

/** In lower case, with the marks that stand inside words. */
function wordsOf(sentence: string): string[] {
  return sentence.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
}

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

/** Before it a word is pronounced as within a sentence: "a" is no letter there. */
const CARRIER = 'dog';
const CARRIER_PHONES = ' D AO G';

/** The entries of a word: as it is pronounced alone, and within a sentence where that differs. */
async function entriesOf(word: string, signal: AbortSignal): Promise<string[]> {
  const [alone, carried] = [await phonesOf(word, signal), await phonesOf(`${word} ${CARRIER}`, signal)];
  const within = carried.slice(0, -CARRIER_PHONES.length);
  const isOther = carried.endsWith(CARRIER_PHONES) && within !== alone;
  return [`${word} ${alone}`, ...(isOther ? [`${word}(2) ${within}`] : [])];
}

/** How flite pronounces a text, in the sounds that PocketSphinx's English model knows. */
async function phonesOf(text: string, signal: AbortSignal): Promise<string> {
  const output = await runChild('flite', ['-ps', '-t', plainLetters(text), '-o', 'none'], {
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    signal,
  });
  const phones = output
    .toString()
    .split(/\s+/)
    .filter((phone) => phone !== '' && phone !== 'pau');
  return phones.map((phone) => (phone === 'ax' ? 'AH' : phone.toUpperCase())).join(' ');
}
