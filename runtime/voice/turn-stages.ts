import type { TurnStages } from '#crds/ledger/ledger-event.ts';
import type { AnswerTimes } from './exchange.ts';
import type { SynthesisTimes } from './synthesis.ts';

/**
 * Where the time went from the caller's last sound to the agent's first, in milliseconds: what was done while something
 * else was waited for took none.
 *
 * @param spoke The last sound of the caller and the first of the agent, in epoch ms like the others.
 */
export function turnStages(
  { recognisedAtMs, endedAtMs }: AnswerTimes,
  { textAtMs = 0, soundAtMs = 0 }: SynthesisTimes,
  { spokeUntilMs, startedAtMs }: { readonly spokeUntilMs: number; readonly startedAtMs: number },
): TurnStages {
  let reachedMs = spokeUntilMs;
  const until = (atMs: number) => {
    const tookMs = Math.max(0, Math.round(atMs - reachedMs));
    reachedMs += tookMs;
    return tookMs;
  };
  return {
    endpointingMs: until(endedAtMs),
    sttMs: until(recognisedAtMs),
    llmMs: until(textAtMs),
    ttsMs: until(soundAtMs),
    ownMs: until(startedAtMs),
  };
}
