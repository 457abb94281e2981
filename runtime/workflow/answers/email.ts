import type { Language } from '../language.ts';
import { withoutAccents } from '../plain-text.ts';
import { wordsOf } from '../words/language-words.ts';
import { withNumbers } from './spoken-numbers.ts';

const ADDRESS =
  /[a-z0-9][a-z0-9._+-]*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,24}/;
const MAX_ADDRESS = 254;
/** Whose ending people leave out. */
const PROVIDERS = /^(?:gmail|yahoo|hotmail|outlook|icloud|aol|proton|protonmail|live|msn)$/;

/** An address as it is spoken: "jane dot doe at example dot com", letters one by one, "underscore". */
export function emailIn(words: string, language: Language): string | undefined {
  const { email } = wordsOf(language);
  const written = ADDRESS.exec(withoutAccents(words))?.[0];
  if (written !== undefined) return written.slice(0, MAX_ADDRESS);
  const marked = withNumbers(withoutAccents(words).replace(/[.,;!?]+(?=\s|$)/g, ' '), language)
    .replace(email.spelling, '$1')
    .replace(email.noise, ' ')
    .replace(email.underscore, '_')
    .replace(email.dash, '-')
    .replace(email.plus, '+')
    .replace(email.dot, '.')
    .replace(email.at, '@');
  const at = marked.lastIndexOf('@');
  if (at < 0) return undefined;
  const local = withoutSentence(marked.slice(0, at), language);
  const address = `${local}@${domainOf(marked.slice(at + 1))}`.replace(/\s+/g, '');
  return ADDRESS.exec(address)?.[0] === address && address.length <= MAX_ADDRESS ? address : undefined;
}

/** Without what is said before the address. */
function withoutSentence(before: string, language: Language): string {
  const { email, fillers } = wordsOf(language);
  return before.replace(email.leadIn, '').replace(fillers, '').trim();
}

/** The rest of a sentence after the last part of the domain does not belong to it. */
function domainOf(after: string): string {
  const spoken = after.trim();
  const end = spoken.lastIndexOf('.');
  if (end < 0) return PROVIDERS.test(spoken.replace(/\s+/g, '')) ? `${spoken}.com` : spoken;
  return spoken.slice(0, end) + (/^\.\s*(?:[a-z]\s+)*[a-z]+/.exec(spoken.slice(end))?.[0] ?? '');
}
