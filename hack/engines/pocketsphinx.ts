import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '#lib/log/logger.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { ChildProgram } from './child-program.ts';
import type { Grammar } from './grammar.ts';
import { withPrivateFolder } from './private-folder.ts';
import { findRecogniser, type RecogniserProgram } from './recogniser-program.ts';
import { type Audio, encodePcm } from './wav.ts';

/** The rate of the wide-band English model that Debian ships. */
const MODEL_HZ = 16_000;
/** Words at the very edge of a recording are lost: its noise estimate needs a moment of silence. */
const PAD_MS = 300;
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface RecogniserOptions {
  /** The PATH in which `pocketsphinx_continuous` (0.8, 5prealpha) or `pocketsphinx` (5) is looked for. */
  readonly path: string;
}

/** English speech to lower-case words, through PocketSphinx as a child process. */
export class Pocketsphinx {
  readonly #path: string;
  #program: Promise<RecogniserProgram> | undefined;
  #standby: Standby | undefined;
  #isClosed = false;

  constructor(options: RecogniserOptions) {
    this.#path = options.path;
  }

  /**
   * The words in `audio` of any rate, '' for none. With a grammar no others are heard than those in it. Rejects with
   * SpeechProgramError or the signal's reason.
   */
  async recognise(audio: Audio, signal?: AbortSignal, grammar?: Grammar): Promise<string> {
    signal?.throwIfAborted();
    if (audio.samples.length === 0) return '';
    const program = await this.#find();
    const input = encodePcm(padded(audio));
    const finish = async (child: ChildProgram) =>
      program.words((await child.finish(input, { timeoutMs: TIMEOUT_MS, signal })).toString());
    const standby = this.#take(grammar);
    if (standby) {
      try {
        return await finish(standby);
      } catch (error) {
        // It may have died while it waited, which nobody is told of.
        if (signal?.aborted) throw error;
      }
    }
    return finish(await start(program, grammar));
  }

  /**
   * Starts a program that loads its model and waits, so that the next to be heard does not wait for that. It stays until
   * then, or until `close`. Where it cannot be started nothing is lost but time.
   */
  standBy(grammar: Grammar | undefined, log: Logger): void {
    if (this.#standby && this.#standby.grammar === grammar) return;
    this.#start(grammar).catch((error: unknown) => log.warn({ err: error }, 'no recogniser stands by'));
  }

  /** Ends the program that waits; none will wait from now on. */
  close(): void {
    this.#isClosed = true;
    this.#standby?.child.end(undefined);
  }

  /** Rejects when the program is not installed. */
  async check(): Promise<void> {
    await this.#find();
  }

  async #start(grammar: Grammar | undefined): Promise<void> {
    const child = await start(await this.#find(), grammar);
    this.#standby?.child.end(undefined);
    this.#standby = { grammar, child };
    if (this.#isClosed) child.end(undefined);
  }

  #take(grammar: Grammar | undefined): ChildProgram | undefined {
    if (this.#standby?.grammar !== grammar) return undefined;
    const child = this.#standby?.child;
    this.#standby = undefined;
    return child;
  }

  #find(): Promise<RecogniserProgram> {
    this.#program ??= findRecogniser(this.#path);
    return this.#program;
  }
}

/** A program that waits for what it is to hear. */
interface Standby {
  readonly grammar: Grammar | undefined;
  readonly child: ChildProgram;
}

/** Resolves once it runs. Its grammar lies in files until it has ended. */
async function start(program: RecogniserProgram, grammar: Grammar | undefined): Promise<ChildProgram> {
  const started = Promise.withResolvers<ChildProgram>();
  withPrivateFolder(async (folder) => {
    const settings = grammar ? await written(grammar, folder) : [];
    // Node's pipes are sockets, which cannot be opened by name as /dev/stdin; those of a shell can.
    const args = ['-c', 'cat | "$0" "$@"', program.command, ...program.args(settings)];
    const child = new ChildProgram('sh', args, MAX_OUTPUT_BYTES);
    started.resolve(child);
    await child.ended();
  }).catch(started.reject);
  return started.promise;
}

/** Writes a grammar into files of a folder; the settings that name them. */
async function written({ rules, dictionary }: Grammar, folder: string): Promise<string[]> {
  const [rulesFile, dictionaryFile] = [join(folder, 'caller.gram'), join(folder, 'caller.dict')];
  await writeFile(rulesFile, rules);
  if (dictionary === undefined) return ['-jsgf', rulesFile];
  await writeFile(dictionaryFile, dictionary);
  return ['-jsgf', rulesFile, '-dict', dictionaryFile];
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
