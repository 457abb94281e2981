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
import type { Chance } from './chance.ts';
import type { Interview } from './interview.ts';
import type { PhraseBook } from './phrase-book.ts';
import { type RecordedTurn, recordedTurns } from './recorded-turns.ts';
import { PAUSE_MS, REPLIES_AFTER_MS } from './turn-figures.ts';

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
  { book, chance }: { readonly book: PhraseBook; readonly chance: Chance },
  line: CallerLine,
): PausingCaller {
  const voice = chance.oneOf(fliteVoices);
  const turns = asked.map((phrasings): SpokenTurn => {
    return book.turn(chance.oneOf(phrasings), voice, () => chance.between(...PAUSE_MS));
  });
  return new PausingCaller({ turns, line, repliesAfterMs: REPLIES_AFTER_MS });
}

/**
 * So many calls at once, each followed by another for so long; resolves once the last has come to its end. Recordings are
 * read after that: callers would stop to speak meanwhile.
 */
export async function holdCalls(control: Control, callers: number, forMs: number): Promise<RecordedCall[]> {
  const untilMs = systemClock.monotonic() + forMs;
  const lanes = Array.from({ length: callers }, async (_, lane) => {
    await systemClock.sleep(lane * APART_MS);
    const calls: HeldCall[] = [];
    while (systemClock.monotonic() < untilMs) {
      calls.push(await holdCall(control, lane));
      await systemClock.sleep(APART_MS);
    }
    return calls;
  });
  return (await Promise.all(lanes)).flat().map(recordedCall);
}

interface HeldCall {
  readonly endedBy: string | undefined;
  /** A file; absent where a pod was too busy for another call, and did not answer it. */
  readonly recording: string | undefined;
  readonly spans: readonly TurnSpan[];
}

async function holdCall(control: Control, lane: number): Promise<HeldCall> {
  const { id } = control.placeCall({
    from: `+1312200${1_000 + lane}`,
    to: NUMBERS[lane % NUMBERS.length]?.number ?? '',
    caller: { kind: 'pauses' },
  });
  const ended = await waitUntil(() => control.call(id).state === 'ended', CALL_TIMEOUT_MS);
  if (!ended) throw new LocalError('call_not_ended', 'A call of the bench did not come to its end.');
  const { recording, caller, hangupSource } = control.call(id);
  const { turns: spans = [] } = (caller ?? {}) as { readonly turns?: readonly TurnSpan[] };
  return { endedBy: hangupSource, recording, spans };
}

function recordedCall({ endedBy, recording, spans }: HeldCall): RecordedCall {
  if (recording === undefined) return { endedBy, turns: [] };
  const turns = recordedTurns(decodeChannels(readFileSync(recording)), spans);
  rmSync(recording);
  return { endedBy, turns };
}
