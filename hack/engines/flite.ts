import { runChild } from './child-program.ts';
import { type Audio, decodeWav } from './wav.ts';

/** The voices that flite brings; all but `kal` speak at 16 kHz. */
export const fliteVoices = ['slt', 'rms', 'awb', 'kal16', 'kal'] as const;
export type FliteVoice = (typeof fliteVoices)[number];

export interface SynthesisOptions {
  readonly voice: FliteVoice;
  /** 1 is the voice's own pace, 2 twice as fast. */
  readonly speed?: number;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 30_000;
/** 10 min at 16 kHz: more than any input within the bounds gives. */
const MAX_BYTES = 20 * 1024 * 1024;

/** Speaks `text` with flite; rejects with SpeechProgramError or the signal's reason. */
export async function synthesise(text: string, options: SynthesisOptions): Promise<Audio> {
  const stretch = (1 / (options.speed ?? 1)).toFixed(3);
  const wav = await runChild(
    'flite',
    ['-voice', options.voice, '--setf', `duration_stretch=${stretch}`, '-t', text, '-o', '/dev/stdout'],
    { timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_BYTES, signal: options.signal },
  );
  return decodeWav(wav);
}
