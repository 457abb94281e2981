import { type AudioCodec, type AudioDecoder, type AudioEncoder, codecFor } from '../audio-codec.ts';
import type { ByteOrder } from '../pcm-codecs.ts';

/** A codec that is known to be there. */
export function knownCodec(
  encoding: string,
  sampleRateHz: number,
  order: ByteOrder = 'BigEndian',
): AudioCodec {
  const codec = codecFor({ encoding, sampleRateHz, channels: 1 }, order);
  if (!codec) throw new Error(`no codec for ${encoding} at ${sampleRateHz} Hz`);
  return codec;
}

/** Both ends of a line in that format. */
export async function openCoders(encoding: string, sampleRateHz: number, order?: ByteOrder): Promise<Coders> {
  const codec = knownCodec(encoding, sampleRateHz, order);
  const counts = { malformed: 0 };
  const decoder = await codec.openDecoder(() => {
    counts.malformed += 1;
  });
  return { decoder, encoder: await codec.openEncoder(), counts };
}

export interface Coders {
  readonly decoder: AudioDecoder;
  readonly encoder: AudioEncoder;
  readonly counts: { malformed: number };
}

/** Samples through the line, 20 ms at a time, at the decoder's rate. */
export function throughLine({ encoder, decoder }: Coders, samples: Int16Array): Int16Array {
  const frame = encoder.sampleRateHz / 50;
  const pieces: number[] = [];
  for (let at = 0; at + frame <= samples.length; at += frame) {
    pieces.push(...decoder.decode(encoder.encode(samples.subarray(at, at + frame))));
  }
  return Int16Array.from(pieces);
}
