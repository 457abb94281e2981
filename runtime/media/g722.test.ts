import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { G722Decoder, G722Encoder } from './g722.ts';
import { lineQuality } from './testing/line-quality.ts';

/**
 * Two seconds at 16 kHz by whole numbers alone, so that they are the same everywhere: a gliding triangle that swells,
 * then noise that swells and breaks off, up to full scale.
 */
function reference(): Int16Array {
  const samples = new Int16Array(32_000);
  let noise = 1;
  let ramp = 0;
  for (let i = 0; i < samples.length; i++) {
    noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
    ramp = (ramp + 400 + (i >> 3)) & 0xffff;
    const triangle = Math.abs(ramp - 0x8000) - 0x4000;
    samples[i] = i < 16_000 ? (triangle * (i & 0x1fff)) >> 12 : ((noise >> 16) * (i & 0x7ff)) >> 11;
  }
  return samples;
}

function tone(hertz: number): Int16Array {
  return Int16Array.from({ length: 16_000 }, (_, i) =>
    Math.round(12_000 * Math.sin((2 * Math.PI * hertz * i) / 16_000)),
  );
}

/** In frames of so many samples each, with one encoder. */
function encoded(samples: Int16Array, frameSamples: number): Uint8Array {
  const encoder = new G722Encoder();
  const codes = new Uint8Array(samples.length / 2);
  for (let at = 0; at < samples.length; at += frameSamples) {
    encoder.encode(samples.subarray(at, at + frameSamples), codes.subarray(at / 2));
  }
  return codes;
}

function decoded(codes: Uint8Array, payloadBytes: number): Int16Array {
  const decoder = new G722Decoder();
  const samples = new Int16Array(codes.length * 2);
  for (let at = 0; at < codes.length; at += payloadBytes) {
    decoder.decode(codes.subarray(at, at + payloadBytes), samples.subarray(2 * at));
  }
  return samples;
}

/** Of 16-bit samples as little-endian bytes. */
function digest(data: Int16Array | Uint8Array): string {
  const bytes = data instanceof Int16Array ? Buffer.from(Int16Array.from(data).buffer) : data;
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

describe('G.722', () => {
  test('codes and decodes to the last bit as another implementation does', () => {
    // By ffmpeg 5.1: `-f s16le -ar 16000 -i reference -c:a g722 -f g722`, and `-f g722 -i codes -f s16le`.
    const samples = reference();
    expect(digest(samples)).toBe('5cc76819ff18bdf3');
    const codes = encoded(samples, 320);
    expect(digest(codes)).toBe('8c29f80f03ed444a');
    expect(digest(decoded(codes, 160))).toBe('7d87905d8d9c18b6');
  });

  test.each([80, 240, 480, 16_000])('codes and payloads of %i bytes are the same line as others', (bytes) => {
    const samples = reference();
    expect(encoded(samples, 2 * bytes)).toEqual(encoded(samples, 320));
    expect(decoded(encoded(samples, 320), bytes)).toEqual(decoded(encoded(samples, 320), 160));
  });

  // The two bands meet at 4 kHz, and above it there are two bits a sample.
  test.each([
    [300, 60],
    [1_000, 45],
    [3_400, 33],
    [5_000, 20],
    [6_800, 22],
  ])('keeps a tone of %i Hz %i dB above its own noise', (hertz, minimumDb) => {
    const { signalToNoiseDb } = lineQuality(tone(hertz), decoded(encoded(tone(hertz), 320), 160));
    expect(signalToNoiseDb).toBeGreaterThan(minimumDb);
  });

  test('is heard as before a tenth of a second after codes were lost', () => {
    const samples = tone(1_000);
    const codes = encoded(samples, 320);
    const decoder = new G722Decoder();
    const heard = new Int16Array(16_000);
    decoder.decode(codes.subarray(0, 3_200), heard);
    decoder.decode(codes.subarray(3_600), heard);
    const settled = heard.subarray(1_600, 7_000);
    expect(lineQuality(samples.subarray(0, settled.length), settled).signalToNoiseDb).toBeGreaterThan(40);
  });

  test('anything that is no G.722 is decoded to noise that stays within 16 bits', () => {
    const codes = new Uint8Array(8_000).map((_, i) => (i * 0x9e37) >> 5);
    expect(decoded(codes, 160).some((sample) => sample !== 0)).toBe(true);
    expect(decoded(new Uint8Array(1_600), 160)).toHaveLength(3_200);
  });
});
