import type { BenchEngines, EngineDelays, EngineKind } from '../bench-engines.ts';
import { medianOf } from '../distribution.ts';
import type { Chance } from './chance.ts';

/**
 * What engines take, as published for good ones: a final transcript of Whisper 250 ms at the median; a hosted language
 * model's first token 200 to 450 ms; Kokoro's first audio 184 to 297 ms on a consumer's GPU.
 */
export function publishedDelays(chance: Chance): EngineDelays {
  return {
    stt: () => 250,
    llm: () => chance.between(200, 450),
    tts: () => chance.between(184, 297),
  };
}

/** What a caller would wait for engines that are asked one after the other by somebody who knows when to, in ms. */
export function summedMs(delaysMs: BenchEngines['delaysMs'], kinds: readonly EngineKind[]): number {
  return kinds.reduce((sum, kind) => sum + medianOf(delaysMs[kind]), 0);
}
