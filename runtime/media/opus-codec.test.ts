import { describe, expect, test } from 'vitest';
import { codecFor } from './audio-codec.ts';
import { type Coders, openCoders } from './testing/open-coders.ts';

const tone = Int16Array.from({ length: 320 }, (_, i) => Math.round(9_000 * Math.sin((2 * Math.PI * i) / 40)));

/** A line on which a tone is heard by now. */
async function lineWithTone(): Promise<Coders> {
  const line = await openCoders('OPUS', 16_000);
  for (let frame = 0; frame < 10; frame++) line.decoder.decode(line.encoder.encode(tone));
  return line;
}

function loudness(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);
}

describe('Opus', () => {
  // RFC 6716, section 3.4: a code 3 packet without frames, a code 1 packet of odd length, one longer than 1,275 bytes.
  test.each([
    ['without frames', Uint8Array.of(0x0b)],
    ['of two frames that are not alike', Uint8Array.of(0x09, 1, 2, 3)],
    ['that is too long', new Uint8Array(5_000).fill(0xfc)],
    ['that is empty', new Uint8Array(0)],
  ])('a packet %s is counted, and the sound before it goes on', async (_what, packet) => {
    const { decoder, encoder, counts } = await lineWithTone();
    const heard = decoder.decode(packet);
    expect(counts.malformed).toBe(1);
    expect(heard).toHaveLength(320);
    expect(loudness(heard)).toBeGreaterThan(1_500);
    expect(loudness(decoder.decode(encoder.encode(tone)))).toBeGreaterThan(3_000);
    expect(counts.malformed).toBe(1);
  });

  test('what was lost is filled up with what went before, for 120 ms at most', async () => {
    const { decoder } = await lineWithTone();
    expect(loudness(decoder.conceal(2))).toBeGreaterThan(1_500);
    expect(decoder.conceal(2)).toHaveLength(640);
    expect(decoder.conceal(50)).toHaveLength(6 * 320);
  });

  test('packets of other lengths than ours are decoded in full', async () => {
    const { createEncoder } = await import('libopus-wasm');
    for (const ms of [10, 20, 40, 60]) {
      const { decoder } = await openCoders('OPUS', 16_000);
      using encoder = await createEncoder({ channels: 1, sampleRate: 48_000, frameSize: ms * 48 });
      expect(decoder.decode(encoder.encode(new Int16Array(ms * 48)))).toHaveLength(ms * 16);
    }
  });

  test('stereo as RFC 7587 announces it is heard as mono', async () => {
    const codec = codecFor({ encoding: 'OPUS', sampleRateHz: 48_000, channels: 2 }, 'BigEndian');
    const decoder = await codec?.openDecoder(() => {});
    const { createEncoder } = await import('libopus-wasm');
    using encoder = await createEncoder({ channels: 2, sampleRate: 48_000 });
    expect(decoder?.decode(encoder.encode(new Int16Array(2 * 960)))).toHaveLength(320);
  });

  test('no packet is joined to another, as it ends with its message', async () => {
    expect((await openCoders('OPUS', 16_000)).encoder.canJoin).toBe(false);
  });

  test('closed coders give their memory back: thousands of calls need no more than a few', async () => {
    const calls = async (count: number) => {
      for (let call = 0; call < count; call++) {
        const { decoder, encoder } = await openCoders('OPUS', 16_000);
        decoder.decode(encoder.encode(tone));
        decoder.close();
        encoder.close();
      }
    };
    await calls(100);
    const before = process.memoryUsage().external;
    await calls(2_000);
    expect(process.memoryUsage().external - before).toBeLessThan(4 * 1024 * 1024);
  });
});
