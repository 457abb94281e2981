import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from '#hack/local/capture.ts';

const TIMEOUT_MS = 10 * 60_000;

/** sox and ffmpeg over files of 16-bit mono samples, without headers; times are those of whole processes. */
export class SoundTools {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** By sox's default: `rate -h`. Without dither, which would be measured as noise. */
  async soxResampled(samples: Int16Array, fromHz: number, toHz: number): Promise<Timed<Int16Array>> {
    const [from, to] = [this.#write('sox.raw', samples), this.#path('sox-out.raw')];
    const ms = await run('sox', ['-D', ...raw(fromHz), from, ...raw(toHz), to]);
    return { ms, result: this.#read(to) };
  }

  async ffmpegResampled(samples: Int16Array, fromHz: number, toHz: number): Promise<Timed<Int16Array>> {
    const [from, to] = [this.#write('ffmpeg.raw', samples), this.#path('ffmpeg-out.raw')];
    const ms = await ffmpeg([...pcm(fromHz), '-i', from, '-ar', String(toHz), '-f', 's16le', to]);
    return { ms, result: this.#read(to) };
  }

  /** Coded and decoded again; `result` at the rate that the samples had. */
  async ffmpegCoded(samples: Int16Array, sampleRateHz: number, format: FFmpegFormat): Promise<Coded> {
    const [from, coded, to] = [this.#write('in.raw', samples), this.#path('coded'), this.#path('out.raw')];
    const { container, encoder = [], decoder = [] } = format;
    const encodeMs = await ffmpeg([...pcm(sampleRateHz), '-i', from, ...encoder, '-f', container, coded]);
    const out = ['-ar', String(sampleRateHz), '-f', 's16le', to];
    const decodeMs = await ffmpeg(['-f', container, ...decoder, '-i', coded, ...out]);
    return { encodeMs, decodeMs, coded: readFileSync(coded), result: this.#read(to) };
  }

  async soxCoded(samples: Int16Array, encoding: 'mu-law' | 'a-law'): Promise<Coded> {
    const [from, coded, to] = [this.#write('in.raw', samples), this.#path('coded'), this.#path('out.raw')];
    const law = ['-t', 'raw', '-r', '8000', '-e', encoding, '-b', '8', '-c', '1'];
    const encodeMs = await run('sox', ['-D', ...raw(8_000), from, ...law, coded]);
    const decodeMs = await run('sox', ['-D', ...law, coded, ...raw(8_000), to]);
    return { encodeMs, decodeMs, coded: readFileSync(coded), result: this.#read(to) };
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #write(name: string, samples: Int16Array): string {
    const path = this.#path(name);
    writeFileSync(path, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    return path;
  }

  #read(path: string): Int16Array {
    const bytes = readFileSync(path);
    return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
  }
}

export interface Timed<T> {
  readonly ms: number;
  readonly result: T;
}

export interface Coded {
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly coded: Buffer;
  readonly result: Int16Array;
}

/** What ffmpeg calls a codec: the form of the file, and what else it is to be told. */
export interface FFmpegFormat {
  readonly container: string;
  readonly encoder?: readonly string[];
  readonly decoder?: readonly string[];
}

function raw(sampleRateHz: number): string[] {
  return ['-t', 'raw', '-r', String(sampleRateHz), '-e', 'signed', '-b', '16', '-c', '1'];
}

function pcm(sampleRateHz: number): string[] {
  return ['-f', 's16le', '-ar', String(sampleRateHz), '-ac', '1'];
}

function ffmpeg(args: readonly string[]): Promise<number> {
  return run('ffmpeg', ['-nostdin', '-y', '-v', 'error', '-threads', '1', ...args]);
}

/** How long it took. */
async function run(program: string, args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const { status, stderr } = await capture(program, args, TIMEOUT_MS);
  if (status !== 0) throw new Error(`${program} failed: ${stderr.trim()}`);
  return performance.now() - startedMs;
}
