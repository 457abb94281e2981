import { expect, test } from 'vitest';
import { type Clock, systemClock } from '#lib/clock/clock.ts';
import { loadConfig } from '#lib/config/config.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { runtimeOptions } from '#runtime/config.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import type { AudioCodec } from '#runtime/media/audio-codec.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { rehearse } from './rehearse.ts';

const NOWHERE = 'http://127.0.0.1:1';
const config = loadConfig(runtimeOptions, {
  REDIS_URL: 'redis://127.0.0.1:1',
  POD_NAME: 'pod-a',
  TELNYX_API_KEY: 'KEY-of-the-account',
  TELNYX_PUBLIC_KEY: Buffer.alloc(32, 1).toString('base64'),
  TELNYX_BASE_URL: NOWHERE,
  MEDIA_URL: 'ws://127.0.0.1:1',
  CALL_TOKEN_SECRET: 's'.repeat(32),
  ENGINES: JSON.stringify({
    stt: { type: 'Whisper', endpoint: NOWHERE },
    tts: { type: 'Kokoro', endpoint: NOWHERE },
  }),
});

const notAsked = () => {
  throw new Error('the engines of the pod are not asked');
};
const engines: Pick<Engines, 'stt' | 'tts'> = {
  stt: {
    name: 'stt',
    capabilities: { sampleRateHz: 16_000, vocabulary: true },
    transcribe: notAsked,
    warm: notAsked,
    close: notAsked,
  },
  tts: {
    name: 'tts',
    capabilities: { sampleRateHz: 24_000, timestamps: true },
    speak: notAsked,
    warm: notAsked,
    close: notAsked,
  },
};
const pcmu = knownCodec('PCMU', 8_000);
const broken: AudioCodec = { ...pcmu, openEncoder: () => Promise.reject(new Error('there is no encoder')) };

test.each<[string, AudioCodec, number]>([
  ['are heard to their end, by what nobody else has', pcmu, 3],
  ['that break keep no pod from starting', broken, 0],
])('calls of before a pod is ready %s, and leave no timer', async (_, sendCodec, heard) => {
  const { clock, pending } = countingClock();
  const calls = await rehearse({ config, engines, sendCodec, log: silentLogger, clock });
  expect(calls).toBe(heard);
  await expect.poll(pending).toBe(0);
});

/** Counts what waits on it. */
function countingClock(): { readonly clock: Clock; readonly pending: () => number } {
  const waiting = new Set<object>();
  const clock: Clock = {
    ...systemClock,
    async sleep(ms, signal) {
      const waiter = {};
      waiting.add(waiter);
      await systemClock.sleep(ms, signal).finally(() => waiting.delete(waiter));
    },
    after(ms, fn) {
      const waiter = {};
      waiting.add(waiter);
      const cancel = systemClock.after(ms, () => {
        waiting.delete(waiter);
        fn();
      });
      return () => {
        waiting.delete(waiter);
        cancel();
      };
    },
  };
  return { clock, pending: () => waiting.size };
}
