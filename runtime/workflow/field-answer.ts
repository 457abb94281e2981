import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { digitsIn } from './number-words.ts';

/**
 * The value of a field in the caller's words, normalised by the field's type; undefined where the
 * words hold no usable answer and the question must be asked again. The result is at most
 * `MAX_VALUE_CHARACTERS` long.
 */
export function fieldAnswer(field: WorkflowField, spoken: string): string | undefined {
  const words = spoken.trim().replace(/\s+/g, ' ').slice(0, MAX_VALUE_CHARACTERS);
  if (!MEANINGFUL.test(words) || FILLER_ONLY.test(words)) return undefined;
  return ANSWERS[field.type](words, field);
}

const MAX_VALUE_CHARACTERS = 2_000;
const MEANINGFUL = /[\p{L}\p{N}]/u;
const FILLER_ONLY = /^(?:(?:uh|um|umm|hm|hmm|er|erm|ah|oh|well|so)\b[\s,.!?]*)+$/i;

/** Types without a reading of their own are kept as they were said. */
const ANSWERS: Readonly<
  Record<WorkflowField['type'], (words: string, field: WorkflowField) => string | undefined>
> = {
  Name: nameIn,
  Phone: phoneIn,
  Choice: choiceIn,
  Email: asSaid,
  Date: asSaid,
  Time: asSaid,
  Text: asSaid,
};

function asSaid(words: string): string {
  return words;
}

const NAME_LEAD_IN =
  /^(?:(?:yes|yeah|sure|okay|ok|hi|hello|hey|well|um|uh|please)\b[\s,.!]*|(?:my (?:full )?name is|my name's|the name is|name is|this is|it is|it's|its|i am|i'm|you can call me|call me|you are speaking (?:to|with))(?:\s+|$))/i;
/** What callers go on with after their name. */
const AFTER_NAME = /(?:[,.!?;]|\s+(?:and|calling|from|here|speaking|i'm|i am|please|thank)\b).*$/i;
const MAX_NAME_WORDS = 6;

function nameIn(words: string): string | undefined {
  let rest = words;
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = rest.replace(NAME_LEAD_IN, '');
  }
  const name = rest.replace(AFTER_NAME, '').trim();
  if (!MEANINGFUL.test(name)) return undefined;
  return name.split(' ').slice(0, MAX_NAME_WORDS).map(capitalised).join(' ');
}

/** "o'neil" → "O'Neil", "smith-jones" → "Smith-Jones"; capitals inside a word are kept. */
function capitalised(word: string): string {
  return word.replace(/(^|[-'’])(\p{L})/gu, (match, before: string, letter: string, at: number) =>
    before !== '' && at + match.length === word.length ? match : before + letter.toUpperCase(),
  );
}

/** 7 is a local number, 15 the longest that E.164 allows. */
const PHONE_DIGITS = { min: 7, max: 15 };

function phoneIn(words: string): string | undefined {
  const digits = digitsIn(words);
  if (digits.length < PHONE_DIGITS.min || digits.length > PHONE_DIGITS.max) return undefined;
  return /^\s*(?:\+|plus\b)|\s(?:\+|plus\s)/i.test(words) ? `+${digits}` : digits;
}

/** The one choice that was named; none or several is no answer. */
function choiceIn(words: string, field: WorkflowField): string | undefined {
  const said = ` ${wordsOnly(words)} `;
  const named = (field.choices ?? []).filter((choice) => said.includes(` ${wordsOnly(choice)} `));
  return named.length === 1 ? named[0] : undefined;
}

function wordsOnly(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
}
