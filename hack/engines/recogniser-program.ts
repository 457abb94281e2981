import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { SpeechProgramError } from './child-program.ts';

/** A release of PocketSphinx. It reads raw audio from its stdin. */
export interface RecogniserProgram {
  readonly command: string;
  /** `settings` are those of the recogniser itself. */
  args(settings: readonly string[]): string[];
  words(output: string): string;
}

/** 0.8 and 5prealpha, which load the model before they open their input. */
const continuous: RecogniserProgram = {
  command: 'pocketsphinx_continuous',
  args: (settings) => ['-infile', '/dev/stdin', '-logfn', '/dev/null', ...settings],
  words: (output) => output.split(/\s+/).filter(Boolean).join(' '),
};

/** PocketSphinx 5 prints one JSON object, whose `t` is the text. */
const single: RecogniserProgram = {
  command: 'pocketsphinx',
  args: (settings) => ['-loglevel', 'FATAL', ...settings, 'single', '-'],
  words(output) {
    const reply: unknown = output.trim() === '' ? {} : JSON.parse(output);
    const text = typeof reply === 'object' && reply !== null && 't' in reply ? reply.t : '';
    return typeof text === 'string' ? text.trim() : '';
  },
};

/** The one that is found first in the folders of a PATH. Rejects with SpeechProgramError where none is installed. */
export async function findRecogniser(path: string): Promise<RecogniserProgram> {
  for (const program of [continuous, single]) {
    for (const folder of path.split(delimiter)) {
      const command = join(folder, program.command);
      if (folder !== '' && (await isExecutable(command))) return { ...program, command };
    }
  }
  throw new SpeechProgramError(
    'speech_program_missing',
    'PocketSphinx is not installed: on Debian or Ubuntu, apt-get install pocketsphinx pocketsphinx-en-us.',
  );
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
