import type { TurnSpan } from '#hack/caller/pausing-caller.ts';
import type { Channels } from '#hack/engines/wav.ts';

/** What became of a turn of the caller, by the recording of the call. */
export type TurnOutcome =
  /** The agent was heard so long after the caller's last sound. */
  | { readonly kind: 'Answered'; readonly afterMs: number }
  /** The agent was heard before the caller had finished. */
  | { readonly kind: 'CutOff' }
  /** It was not heard before the caller's next turn, or the end of the call. */
  | { readonly kind: 'Unanswered' };

/** −54 dB of full scale: over what codecs make of silence, under any word. */
const AUDIBLE = 64;

/** A turn of the caller, and what came of it. */
export interface RecordedTurn extends TurnSpan {
  readonly outcome: TurnOutcome;
}

/** What came of each turn, by a recording with the caller on the left and the agent on the right. */
export function recordedTurns(
  { sampleRateHz, channels }: Channels,
  spans: readonly TurnSpan[],
): readonly RecordedTurn[] {
  const [caller, agent] = channels;
  if (!caller || !agent) throw new RangeError('the recording has to have a channel for each side');
  const sampleAt = (ms: number) => Math.round((ms * sampleRateHz) / 1_000);
  const outcomeOf = ({ fromMs, untilMs }: TurnSpan, next: TurnSpan | undefined): TurnOutcome => {
    const [from, until] = [sampleAt(fromMs), sampleAt(untilMs)];
    const lastSaid = from + caller.subarray(from, until).findLastIndex(isAudible);
    const heardFrom = agent.subarray(from, next ? sampleAt(next.fromMs) : agent.length).findIndex(isAudible);
    if (heardFrom === -1) return { kind: 'Unanswered' };
    const heardAt = from + heardFrom;
    if (heardAt <= lastSaid) return { kind: 'CutOff' };
    return { kind: 'Answered', afterMs: ((heardAt - lastSaid) * 1_000) / sampleRateHz };
  };
  return spans.map((span, index) => ({ ...span, outcome: outcomeOf(span, spans[index + 1]) }));
}

/** Whether a sample is a part of a word, or may be. */
export function isAudible(sample: number): boolean {
  return Math.abs(sample) > AUDIBLE;
}
