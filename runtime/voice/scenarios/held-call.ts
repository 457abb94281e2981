import { expect } from 'vitest';
import type { PlayedCall } from './play-scenario.ts';
import { MS_PER_CHARACTER } from './scenario-engines.ts';

/** What holds of every call, whatever the caller and the engines do. */
export function expectHeldCall({ transcript, line, leftovers }: PlayedCall): void {
  expect(leftovers).toEqual({ lateSoundMs: 0, lateReports: 0, timers: 0 });
  for (const { speaker, text, startedAtMs, endedAtMs } of transcript.turns) {
    expect(endedAtMs, text).toBeGreaterThanOrEqual(startedAtMs);
    if (speaker === 'Caller') continue;
    const heardMs = line.soundedMs(startedAtMs, endedAtMs + FRAME_MS);
    // What was stored as said was heard; between clauses is a space that nobody speaks.
    expect(heardMs, text).toBeGreaterThanOrEqual((text.length - clausesOf(text)) * MS_PER_CHARACTER);
  }
}

const FRAME_MS = 20;

function clausesOf(text: string): number {
  return (text.match(/[.,;:!?…]/g) ?? []).length + 1;
}
