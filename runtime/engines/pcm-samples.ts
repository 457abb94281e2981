import { samplesOf } from './little-endian.ts';

/**
 * Raw little-endian 16-bit PCM → samples. Network chunks end anywhere, so half a sample is carried
 * to the next chunk; one left at the very end is not a sample.
 */
export class PcmSamples {
  #half: number | undefined;

  push(chunk: Buffer): Int16Array {
    const bytes = this.#half === undefined ? chunk : Buffer.concat([Buffer.of(this.#half), chunk]);
    this.#half = bytes.length % 2 === 1 ? bytes[bytes.length - 1] : undefined;
    return samplesOf(bytes);
  }
}
