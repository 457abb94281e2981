import { OperatingError } from '#lib/errors/operating-error.ts';

/** 16-bit samples of one channel. */
export interface Audio {
  readonly sampleRateHz: number;
  readonly samples: Int16Array;
}

export class WavError extends OperatingError {
  constructor(message: string) {
    super('wav_invalid', message);
  }
}

const HEADER_BYTES = 44;
const PCM = 1;
/** The format's own tag stands in the extension; its first two bytes are the old tag. */
const EXTENSIBLE = 0xfffe;

/** Reads a RIFF WAV of 16-bit PCM; several channels are mixed into one. */
export function decodeWav(file: Uint8Array): Audio {
  const { sampleRateHz, channels } = decodeChannels(file);
  return { sampleRateHz, samples: mixed(channels) };
}

/** The same with its channels apart, in their order: of a stereo file left and right. */
export function decodeChannels(file: Uint8Array): Channels {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tag = (at: number) => Buffer.from(file.subarray(at, at + 4)).toString('latin1');
  if (file.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE')
    throw new WavError('The file is not a WAV.');
  let format: { channels: number; sampleRateHz: number } | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(at) === 'fmt ') format = readFormat(view, body, size);
    if (tag(at) === 'data') {
      if (!format) throw new WavError('The WAV has no format before its data.');
      // A streamed WAV gives a size that is larger than what came.
      const bytes = Math.min(size, file.length - body);
      const { sampleRateHz, channels } = format;
      const data = new DataView(view.buffer, view.byteOffset + body, bytes);
      return { sampleRateHz, channels: separated(data, channels) };
    }
    at = body + size + (size % 2);
  }
  throw new WavError('The WAV has no data.');
}

export interface Channels {
  readonly sampleRateHz: number;
  /** As many samples in each. */
  readonly channels: readonly Int16Array[];
}

function readFormat(view: DataView, at: number, size: number): { channels: number; sampleRateHz: number } {
  if (size < 16 || at + size > view.byteLength) throw new WavError('The WAV’s format is cut short.');
  let encoding = view.getUint16(at, true);
  if (encoding === EXTENSIBLE && size >= 26) encoding = view.getUint16(at + 24, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRateHz = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (encoding !== PCM || bits !== 16) throw new WavError('The WAV must hold 16-bit PCM.');
  if (channels < 1 || channels > 8) throw new WavError('The WAV must have 1 to 8 channels.');
  if (sampleRateHz < 4_000 || sampleRateHz > 192_000)
    throw new WavError('The WAV’s sample rate is out of range.');
  return { channels, sampleRateHz };
}

function separated(data: DataView, channels: number): Int16Array[] {
  const length = Math.floor(data.byteLength / 2 / channels);
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length }, (_, i) => data.getInt16((i * channels + channel) * 2, true)),
  );
}

function mixed(channels: readonly Int16Array[]): Int16Array {
  const [first = new Int16Array(0), ...others] = channels;
  if (others.length === 0) return first;
  return first.map((sample, i) =>
    Math.round(others.reduce((sum, channel) => sum + (channel[i] ?? 0), sample) / channels.length),
  );
}

/** A WAV file of interleaved 16-bit samples. */
export function encodeWav(audio: Audio, channels = 1): Buffer {
  const header = wavHeader(audio.sampleRateHz, channels, audio.samples.length * 2);
  return Buffer.concat([header, encodePcm(audio.samples)]);
}

/** The 44 bytes before `dataBytes` of 16-bit PCM. */
export function wavHeader(sampleRateHz: number, channels: number, dataBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(HEADER_BYTES - 8 + dataBytes, 0xffffffff), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(PCM, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(Math.min(dataBytes, 0xffffffff), 40);
  return header;
}

/** Samples as little-endian bytes. */
export function encodePcm(samples: Int16Array): Buffer {
  const bytes = Buffer.allocUnsafe(samples.length * 2);
  for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i] ?? 0, i * 2);
  return bytes;
}
