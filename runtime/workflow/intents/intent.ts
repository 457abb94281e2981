import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';
import { type IntentPatterns, patternsOf } from './intent-patterns.ts';

/** What callers may want at any time, whatever was asked. */
export type Intent = 'Danger' | 'Machine' | 'Robot' | 'Person' | 'Goodbye' | 'Repeat' | 'Wait';

/**
 * What the words mean beyond an answer, in order of urgency; undefined for everything else. Works without a
 * language model and goes before one: these must never depend on its mood.
 */
export function intentOf(spoken: string, language: Language): Intent | undefined {
  const plain = plainText(spoken);
  const patterns = patternsOf(language);
  return INTENTS.find(([, means]) => means(plain, patterns))?.[0];
}

const INTENTS: readonly (readonly [Intent, (plain: string, patterns: IntentPatterns) => boolean])[] = [
  ['Machine', isMachine],
  ['Danger', isDanger],
  ['Robot', (plain, { robot }) => any(robot, plain)],
  ['Person', (plain, { person, personUnless }) => any(person, plain) && !personUnless.test(plain)],
  ['Goodbye', (plain, { goodbye }) => goodbye.test(plain)],
  ['Wait', (plain, { wait }) => wait.test(plain)],
  ['Repeat', (plain, { repeat }) => repeat.test(plain)],
];

function isDanger(plain: string, { danger, harmless, distant, acute }: IntentPatterns): boolean {
  const serious = plain.replace(harmless, ' ').replace(/\s+/g, ' ').trim();
  return any(danger, serious) && (!distant.test(serious) || acute.test(serious));
}

function isMachine(plain: string, { machine, machineUnless }: IntentPatterns): boolean {
  const [patterns, unless] = machineUnless;
  return any(machine, plain) || (any(patterns, plain) && !unless.test(plain));
}

function any(patterns: readonly RegExp[], text: string): boolean {
  return patterns.some((pattern) => pattern.test(text));
}
