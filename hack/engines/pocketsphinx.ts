import { access, constants, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Resampler } from '#runtime/media/resampler.ts';
import { runChild, SpeechProgramError } from './child-program.ts';
import type { Grammar } from './grammar.ts';
import { withPrivateFolder } from './private-folder.ts';
import { type Audio, encodeWav } from './wav.ts';

/** The rate of the wide-band English model that Debian ships. */
const MODEL_HZ = 16_000;
/** Words at the very edge of a recording are lost: its noise estimate needs a moment of silence. */
const PAD_MS = 300;
const TIMEOUT_MS = 60_000;

export interface RecogniserOptions {
  /** The PATH in which `pocketsphinx_continuous` (0.8, 5prealpha) or `pocketsphinx` (5) is looked for. */
  readonly path: string;
}

/** English speech to lower-case words, through PocketSphinx as a child process. */
export class Pocketsphinx {
  readonly #path: string;
  #program: Promise<Program> | undefined;

  constructor(options: RecogniserOptions) {
    this.#path = options.path;
  }

  /**
   * The words in `audio` of any rate, '' for none. With a grammar no others are heard than those in it. Rejects with
   * SpeechProgramError or the signal's reason.
   */
  async recognise(audio: Audio, signal?: AbortSignal, grammar?: Grammar): Promise<string> {
    if (audio.samples.length === 0) return '';
    const program = await this.#find();
    return withPrivateFolder(async (folder) => {
      const file = join(folder, 'speech.wav');
      await writeFile(file, encodeWav({ sampleRateHz: MODEL_HZ, samples: padded(audio) }), { signal });
      const expected = grammar ? await written(grammar, folder) : [];
      const output = await runChild(program.command, program.args(file, expected), {
        timeoutMs: TIMEOUT_MS,
        maxOutputBytes: 1024 * 1024,
        signal,
      });
      return program.words(output.toString());
    });
  }

  /** Rejects when the program is not installed. */
  async check(): Promise<void> {
    await this.#find();
  }

  #find(): Promise<Program> {
    this.#program ??= findProgram(this.#path);
    return this.#program;
  }
}

interface Program {
  readonly command: string;
  /** `settings` are those of the recogniser itself. */
  args(file: string, settings: readonly string[]): string[];
  words(output: string): string;
}

const continuous: Program = {
  command: 'pocketsphinx_continuous',
  args: (file, settings) => ['-infile', file, '-logfn', '/dev/null', ...settings],
  words: (output) => output.split(/\s+/).filter(Boolean).join(' '),
};

/** PocketSphinx 5 prints one JSON object, whose `t` is the text. */
const single: Program = {
  command: 'pocketsphinx',
  args: (file, settings) => ['-loglevel', 'FATAL', ...settings, 'single', file],
  words(output) {
    const reply: unknown = output.trim() === '' ? {} : JSON.parse(output);
    const text = typeof reply === 'object' && reply !== null && 't' in reply ? reply.t : '';
    return typeof text === 'string' ? text.trim() : '';
  },
};

/** Writes a grammar into files of a folder; the settings that name them. */
async function written({ rules, dictionary }: Grammar, folder: string): Promise<string[]> {
  const [rulesFile, dictionaryFile] = [join(folder, 'caller.gram'), join(folder, 'caller.dict')];
  await writeFile(rulesFile, rules);
  if (dictionary === undefined) return ['-jsgf', rulesFile];
  await writeFile(dictionaryFile, dictionary);
  return ['-jsgf', rulesFile, '-dict', dictionaryFile];
}

async function findProgram(path: string): Promise<Program> {
  for (const program of [continuous, single]) {
    for (const folder of path.split(delimiter)) {
      if (folder !== '' && (await isExecutable(join(folder, program.command)))) return program;
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

function padded(audio: Audio): Int16Array {
  const resampler = new Resampler(audio.sampleRateHz, MODEL_HZ);
  const body = resampler.process(audio.samples);
  const tail = resampler.flush();
  const pad = (MODEL_HZ * PAD_MS) / 1_000;
  const samples = new Int16Array(body.length + tail.length + 2 * pad);
  samples.set(body, pad);
  samples.set(tail, pad + body.length);
  return samples;
}
