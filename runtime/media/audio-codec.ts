import type { MediaFormat } from './carrier-message.ts';
import { A_LAW, MU_LAW } from './g711.ts';
import { g722 } from './g722-codec.ts';
import { OPUS_RATES_HZ, opus } from './opus-codec.ts';
import { type ByteOrder, companded, linear } from './pcm-codecs.ts';

/** The carrier's bytes ↔ 16-bit mono samples in one of its formats. Each stream opens its own two ways. */
export interface AudioCodec {
  /** `onMalformed` is told of each payload that could not be decoded in full. */
  openDecoder(onMalformed: () => void): AudioDecoder | Promise<AudioDecoder>;
  openEncoder(): AudioEncoder | Promise<AudioEncoder>;
}

export interface AudioDecoder {
  /** Of the samples: on the wire G.722 and Opus go by other clocks. */
  readonly sampleRateHz: number;
  /**
   * Into `samples` where that has just the room, else into new ones: so that a stream of frames needs no memory.
   * Never throws; what cannot be decoded becomes as much silence, or what the codec takes for likely.
   */
  decode(payload: Uint8Array, samples?: Int16Array): Int16Array;
  /** What to hear in place of so many payloads that never came: nothing, where the format has no notion of it. */
  conceal(payloads: number): Int16Array;
  /** Frees it; it is not used any more. */
  close(): void;
}

export interface AudioEncoder {
  readonly sampleRateHz: number;
  /** Whether payloads may follow one another in one message: an Opus packet ends with its message. */
  readonly canJoin: boolean;
  /** 20 ms. */
  encode(samples: Int16Array): Buffer;
  close(): void;
}

/** The codec for what the carrier announced in `start`; undefined for a format we cannot speak. */
export function codecFor(format: MediaFormat, l16ByteOrder: ByteOrder): AudioCodec | undefined {
  const { encoding, sampleRateHz, channels } = format;
  // RFC 7587 announces Opus with two channels, whatever is in it.
  if (encoding === 'OPUS') {
    const rate = OPUS_RATES_HZ.find((known) => known === sampleRateHz);
    return rate && opus(rate);
  }
  if (channels !== 1) return undefined;
  // RFC 3551 gives its clock as 8 kHz, half of what it samples.
  if (encoding === 'G722' && (sampleRateHz === 8_000 || sampleRateHz === 16_000)) return g722;
  if (encoding === 'L16' && L16_RATES_HZ.includes(sampleRateHz)) return linear(sampleRateHz, l16ByteOrder);
  if (sampleRateHz !== 8_000) return undefined;
  if (encoding === 'PCMU') return PCMU;
  return encoding === 'PCMA' ? PCMA : undefined;
}

const L16_RATES_HZ: readonly number[] = [8_000, 16_000, 24_000, 48_000];
const PCMU = companded(MU_LAW);
const PCMA = companded(A_LAW);
