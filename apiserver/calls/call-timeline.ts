import type { TurnStages } from '#crds/ledger/ledger-event.ts';
import type { CallDetail } from './call-schemas.ts';

type CallTimes = Pick<CallDetail, 'startedAt' | 'answeredAt' | 'endedAt'>;

/** What happened on a call, the earliest first. */
export function eventsOf(
  call: CallTimes & { readonly capturedAt: string | undefined; readonly recordedAt: string | undefined },
): CallDetail['events'] {
  const times = [
    ['Started', call.startedAt],
    ['Answered', call.answeredAt],
    ['Recorded', call.recordedAt],
    ['LeadCaptured', call.capturedAt],
    ['Ended', call.endedAt],
  ] as const;
  return times
    .flatMap(([kind, at]) => (at ? [{ kind, at }] : []))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** How long the parts of a call took, and its caller waited for answers. */
export function timingsOf(
  { startedAt, answeredAt, endedAt }: CallTimes,
  turns: readonly { readonly stages: TurnStages | null }[],
): CallDetail['timings'] {
  const waitsMs = turns.flatMap(({ stages }) => (stages ? [waitOf(stages)] : [])).toSorted((a, b) => a - b);
  const longestMs = waitsMs.at(-1);
  return {
    ringingMs: between(startedAt, answeredAt),
    talkingMs: between(answeredAt, endedAt),
    answers:
      longestMs === undefined
        ? null
        : { count: waitsMs.length, medianMs: waitsMs[(waitsMs.length - 1) >> 1] ?? longestMs, longestMs },
  };
}

/** The stages follow one another: what was done while something else was waited for is in none of them. */
function waitOf({ endpointingMs, sttMs, llmMs, ttsMs, ownMs }: TurnStages): number {
  return endpointingMs + sttMs + llmMs + ttsMs + ownMs;
}

/** Times of the carrier and of ours may differ by a little: never less than none. */
function between(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}
