import { readFileSync, rmSync } from 'node:fs';
import { PausingCaller, type SpokenTurn, type TurnSpan } from '#hack/caller/pausing-caller.ts';
import { fliteVoices } from '#hack/engines/flite.ts';
import { decodeChannels } from '#hack/engines/wav.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import type { CallerLine } from '#hack/standins/telnyx/calls/caller.ts';
import type { Control } from '#hack/standins/telnyx/control/control.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { NUMBERS } from '../calls/tenants.ts';
import type { Interview } from './interview.ts';
import type { PhraseBook } from './phrase-book.ts';
import { between } from './published-delays.ts';
import { type RecordedTurn, recordedTurns } from './recorded-turns.ts';

/** A caller pauses for as long, as likely as not anywhere in between. */
export const PAUSE_MS = [300, 1_200] as const;
/** People know by then that a question is over. */
const REPLIES_AFTER_MS = 700;
const CALL_TIMEOUT_MS = 180_000;
/** Nobody calls at the same moment as others, nor again at once. */
const APART_MS = 400;

/** A call to its end, by its recording. */
export interface RecordedCall {
  /** Who hung up: `callee` is the agent, also where it did not take the call. */
  readonly endedBy: string | undefined;
  readonly turns: readonly RecordedTurn[];
}

/** Somebody who answers the interview's questions, each in one of its ways, and pauses as drawn. */
export function openPausingCaller(
  { turns: asked }: Interview,
  book: PhraseBook,
  line: CallerLine,
): PausingCaller {
  const voice = oneOf(fliteVoices);
  const turns = asked.map((phrasings): SpokenTurn => {
    return book.turn(oneOf(phrasings), voice, () => between(...PAUSE_MS));
  });
  return new PausingCaller({ turns, line, repliesAfterMs: REPLIES_AFTER_MS });
}

/** So many calls at once, each followed by another for so long; resolves once the last has come to its end. */
export async function holdCalls(control: Control, callers: number, forMs: number): Promise<RecordedCall[]> {
  const untilMs = systemClock.monotonic() + forMs;
  const lanes = Array.from({ length: callers }, async (_, lane) => {
    await systemClock.sleep(lane * APART_MS);
    const calls: RecordedCall[] = [];
    while (systemClock.monotonic() < untilMs) {
      calls.push(await holdCall(control, lane));
      await systemClock.sleep(APART_MS);
    }
    return calls;
  });
  return (await Promise.all(lanes)).flat();
}

async function holdCall(control: Control, lane: number): Promise<RecordedCall> {
  const { id } = control.placeCall({
    from: `+1312200${1_000 + lane}`,
    to: NUMBERS[lane % NUMBERS.length]?.number ?? '',
    caller: { kind: 'pauses' },
  });
  const ended = await waitUntil(() => control.call(id).state === 'ended', CALL_TIMEOUT_MS);
  if (!ended) throw new LocalError('call_not_ended', 'A call of the bench did not come to its end.');
  const { recording, caller, hangupSource } = control.call(id);
  // A pod that is too busy for another call does not answer it.
  if (recording === undefined) return { endedBy: hangupSource, turns: [] };
  const { turns: spans } = caller as { readonly turns: readonly TurnSpan[] };
  const turns = recordedTurns(decodeChannels(readFileSync(recording)), spans);
  rmSync(recording);
  return { endedBy: hangupSource, turns };
}

function oneOf<T>(choices: readonly T[]): T {
  const choice = choices[Math.floor(Math.random() * choices.length)];
  if (choice === undefined) throw new RangeError('there is nothing to choose from');
  return choice;
}
