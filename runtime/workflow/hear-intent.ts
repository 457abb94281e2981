import { aside } from './aside.ts';
import { listening, putQuestion } from './asking.ts';
import { awaited } from './awaiting.ts';
import { countryOf } from './call-subject.ts';
import { end, finishMessage, toPerson, warn } from './closing.ts';
import { emergencyNumber } from './intents/emergency-number.ts';
import { type Intent, intentOf } from './intents/intent.ts';
import { languageOf } from './language.ts';
import { takeAlong } from './take-along.ts';
import { interruptible, joined, phrasesOf, type Step, type Talk, wholly, withState } from './talk.ts';

/** A caller may say a short thing again and again; so many words, so often in a row, are a recording. */
const RECORDING = { words: 4, times: 4 };

/** The step for what always works, whatever was asked; undefined: what was said is something else. */
export function hearIntent(talk: Talk, text: string): Step | undefined {
  if (isRecording(talk)) return end(talk, 'CallerIsMachine', '');
  const intent = intentOf(text, languageOf(talk.subject.profile.language));
  return intent && REPLIES[intent](talk, text);
}

const REPLIES: Readonly<Record<Intent, (talk: Talk, text: string) => Step | undefined>> = {
  Machine: (talk) => end(talk, 'CallerIsMachine', ''),
  Danger: warned,
  Person: (talk, text) =>
    isMessage(talk) ? undefined : aside(talk, (counted) => toPerson(takeAlong(counted, text))),
  Goodbye: (talk) =>
    isMessage(talk) ? finishMessage(talk) : end(talk, 'CallerSaidGoodbye', phrasesOf(talk).goodbye),
  Robot: (talk) => aside(talk, (counted) => putQuestion(counted, phrasesOf(talk).robot)),
  Repeat: (talk) => (isMessage(talk) ? undefined : aside(talk, (counted) => putQuestion(counted))),
  Wait: (talk) => (isMessage(talk) ? undefined : aside(talk, pause)),
};

/** Once; from then on the words are an answer like any other: "a gas leak" may be what the call is about. */
function warned(talk: Talk, text: string): Step | undefined {
  const { subject, state } = talk;
  if (state.warned) return undefined;
  const number = emergencyNumber(subject.calledNumber, countryOf(subject));
  const warning = warn(talk, number);
  const noted = takeAlong(withState(talk, { warned: true }), text);
  if (warning.effect) {
    const handOvers = (state.handOvers ?? 0) + 1;
    return { speech: wholly(warning.text), state: { ...noted.state, handOvers }, effect: warning.effect };
  }
  const question = putQuestion(noted);
  const spoken = joined(warning.text, question.speech.text);
  return { ...question, speech: { text: spoken, protectedCharacters: warning.text.length } };
}

function pause(talk: Talk): Step {
  const effect = { ...listening(talk), for: 'Return' as const };
  return { speech: interruptible(phrasesOf(talk).takeYourTime), state: talk.state, effect };
}

function isMessage({ state }: Talk): boolean {
  return awaited(state) === 'Message';
}

function isRecording({ state: { repeated } }: Talk): boolean {
  return (
    repeated !== undefined &&
    repeated.times >= RECORDING.times &&
    repeated.words.split(' ').length >= RECORDING.words
  );
}
