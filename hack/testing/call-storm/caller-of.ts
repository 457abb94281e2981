import type { Script } from './schedule.ts';

/** A turn of a caller: the first words of the recorded sentence. */
export const TALK_MS = 900;
/** So long nothing is heard before a polite caller speaks. */
const WAITS_FOR_MS = 500;
/** After so long without an answer a polite caller says it again. */
const SAYS_AGAIN_MS = 8_000;
/** Between two turns of who speaks whether or not the agent does. */
export const PAUSE_MS = 1_700;
/** So many turns has such a caller to say: more than any form needs, and fewer than a message may be long. */
const TURNS = 8;

/** The stand-in's caller for a script; undefined for one who says nothing. */
export function callerOf({ kind }: Script): object | undefined {
  if (kind === 'Silent' || kind === 'SilentAndLeaves') return undefined;
  const talks = { kind: 'talks', talkMs: TALK_MS };
  if (kind === 'Interrupts') return { ...talks, startAfterMs: 300, silenceMs: PAUSE_MS, turns: TURNS };
  return {
    ...talks,
    startAfterMs: SAYS_AGAIN_MS,
    silenceMs: SAYS_AGAIN_MS,
    repliesAfterMs: WAITS_FOR_MS,
  };
}
