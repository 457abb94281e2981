/**
 * Takes the header off a WAV file that comes in chunks, and leaves raw PCM as it is. Streaming servers
 * write sizes that mean "unknown" (0, or all ones), and chunks such as LIST before the samples.
 */
export class StreamedWav {
  /** What came of the header; undefined once it is through. */
  #header: Buffer | undefined = Buffer.alloc(0);
  #leftBytes = Number.POSITIVE_INFINITY;
  /** The rate that the header says; undefined for raw PCM. */
  sampleRateHz: number | undefined;

  /** The bytes of samples in the chunk. Throws WavError for what is no 16-bit mono PCM. */
  push(chunk: Buffer): Buffer {
    if (this.#header === undefined) return this.#take(chunk);
    this.#header = Buffer.concat([this.#header, chunk]);
    if (this.#header.length < MAGIC.length && MAGIC.startsWith(this.#header.toString('latin1'))) {
      return NOTHING;
    }
    if (this.#header.toString('latin1', 0, 4) !== MAGIC) return this.#take(this.#through(0));
    const at = this.#samplesAt(this.#header);
    return at === undefined ? NOTHING : this.#take(this.#through(at));
  }

  /** What was held back because it might have been a header. */
  end(): Buffer {
    return this.#header === undefined || this.sampleRateHz !== undefined ? NOTHING : this.#through(0);
  }

  /** Where the samples begin; undefined where the header is not whole yet. */
  #samplesAt(header: Buffer): number | undefined {
    let at = 12;
    while (header.length >= at + 8) {
      const bytes = header.readUInt32LE(at + 4);
      const name = header.toString('latin1', at, at + 4);
      if (name === 'data') {
        if (bytes > 0 && bytes < UNKNOWN_BYTES) this.#leftBytes = bytes;
        return at + 8;
      }
      if (name === 'fmt ' && header.length >= at + 24) this.#readFormat(header.subarray(at + 8));
      // Chunks are padded to an even length.
      at += 8 + bytes + (bytes % 2);
      if (at > MAX_HEADER_BYTES) throw new WavError('a header without samples');
    }
    return undefined;
  }

  #readFormat(format: Buffer): void {
    const [channels, bits] = [format.readUInt16LE(2), format.readUInt16LE(14)];
    if (channels !== 1 || bits !== 16) throw new WavError(`${channels} channels of ${bits} bits`);
    this.sampleRateHz = format.readUInt32LE(4);
  }

  #through(at: number): Buffer {
    const rest = this.#header?.subarray(at) ?? NOTHING;
    this.#header = undefined;
    return rest;
  }

  /** Chunks may follow the samples, where their length is known. */
  #take(chunk: Buffer): Buffer {
    const samples = chunk.subarray(0, this.#leftBytes);
    this.#leftBytes -= samples.length;
    return samples;
  }
}

/** A WAV file that is not read here. */
export class WavError extends Error {}

const MAGIC = 'RIFF';
const NOTHING = Buffer.alloc(0);
const MAX_HEADER_BYTES = 64 * 1024;
/** Above this a size is a placeholder: 0x7fffffff, 0xffffffff, or one less by the length of the header. */
const UNKNOWN_BYTES = 0x7fff0000;
