import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from './child-program.ts';
import { plainLetters } from './plain-letters.ts';
import { withPrivateFolder } from './private-folder.ts';
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

/** Speaks `text` with flite; rejects with SpeechProgramError or the signal's reason. */
export function synthesise(text: string, options: SynthesisOptions): Promise<Audio> {
  const stretch = (1 / (options.speed ?? 1)).toFixed(3);
  const { signal } = options;
  return withPrivateFolder(async (folder) => {
    const file = join(folder, 'speech.wav');
    await runChild(
      'flite',
      [
        '-voice',
        options.voice,
        '--setf',
        `duration_stretch=${stretch}`,
        '-t',
        plainLetters(text),
        '-o',
        file,
      ],
      { timeoutMs: TIMEOUT_MS, maxOutputBytes: 64 * 1024, signal },
    );
    return decodeWav(await readFile(file, { signal }));
  });
}
