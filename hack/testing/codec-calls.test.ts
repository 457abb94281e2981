import { afterEach, describe, expect, test } from 'vitest';
import type { Caller } from '#hack/standins/telnyx/calls/caller.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { lineQuality } from '#runtime/media/testing/line-quality.ts';
import { profile } from '#runtime/voice/fakes/call-in-test.ts';
import { contextOf, type MediaCall, placeMediaCall } from './media-call.ts';

const LINE_HZ = 16_000;
/** Where the glides of both begin and end. */
const AGENT_HZ = [400, 3_000] as const;
const CALLER_HZ = [2_400, 600] as const;

/** 300 ms that glide over a telephone's band, so that it can be found to the sample. */
function glide(fromHz: number, toHz: number, sampleRateHz: number): Int16Array {
  const length = sampleRateHz * 0.3;
  let phase = 0;
  return Int16Array.from({ length }, (_, i) => {
    phase += (2 * Math.PI * (fromHz + ((toHz - fromHz) * i) / length)) / sampleRateHz;
    return Math.round(8_000 * Math.sin(phase));
  });
}

/** Says his glide once the agent's has been heard. */
class GlidingCaller implements Caller {
  readonly #heard: Int16Array[] = [];
  #said = 0;
  #quietFrames = 0;
  readonly #glide = glide(...CALLER_HZ, LINE_HZ);

  speak(): Int16Array | undefined {
    if (this.#heard.length === 0 || this.#quietFrames < 25) return undefined;
    const frame = this.#glide.subarray(this.#said, this.#said + 320);
    this.#said += frame.length;
    return frame.length === 0 ? undefined : frame;
  }

  hear(audio: Int16Array | undefined, sounding: boolean): void {
    if (sounding && audio) this.#heard.push(Int16Array.from(audio));
    this.#quietFrames = sounding ? 0 : this.#quietFrames + 1;
  }

  ended(): void {}

  report(): unknown {
    return { kind: 'glides' };
  }

  get heard(): Int16Array {
    return Int16Array.from(this.#heard.flatMap((frame) => [...frame]));
  }
}

/**
 * How far above the noise a glide is in what came at 16 kHz, from a little before its first sound. Compared at 48 kHz,
 * as filters are late by parts of a sample.
 */
function heardDb([fromHz, toHz]: readonly [number, number], came: Int16Array): number {
  const fine = new Resampler(LINE_HZ, FINE_HZ).process(came);
  const first = fine.findIndex((sample) => Math.abs(sample) > 1_500);
  const padded = new Int16Array(fine.length + BEFORE_IT);
  padded.set(fine, BEFORE_IT);
  return lineQuality(glide(fromHz, toHz, FINE_HZ), padded.subarray(first)).signalToNoiseDb;
}

const FINE_HZ = 48_000;
const BEFORE_IT = 200;

let call: MediaCall | undefined;

afterEach(() => call?.stop());

describe('a whole call', () => {
  test.each([
    ['PCMU', 8_000, {}, 15],
    ['PCMA', 8_000, { legCodec: 'PCMA' }, 15],
    ['PCMU', 8_000, { legCodec: 'PCMA' }, 15],
    ['G722', 8_000, { legCodec: 'G722' }, 15],
    ['L16', 16_000, {}, 15],
    ['L16', 24_000, { l16BothWays: false }, 15],
    ['OPUS', 16_000, { legCodec: 'OPUS' }, 5],
    ['OPUS', 48_000, { legCodec: 'OPUS' }, 5],
  ] as const)(
    'in %s at %i Hz, with %j, is heard at both ends',
    async (codec, sampleRate, settings, minimumDb) => {
      const stream = { codec, sampleRate, targetLegs: 'opposite' } as const;
      const caller = new GlidingCaller();
      const transcribed = Promise.withResolvers<Int16Array>();
      const engines = glidingEngines(transcribed.resolve);
      const context = contextOf(profile, newConversation('lead-capture'));
      call = await placeMediaCall({ caller, stream, settings, engines, context });
      const heard = await transcribed.promise;
      expect(heardDb(AGENT_HZ, caller.heard)).toBeGreaterThan(minimumDb);
      expect(heardDb(CALLER_HZ, heard)).toBeGreaterThan(minimumDb);
      const [record] = call.standIn.control.calls();
      expect(record?.streams[0]?.errors).toEqual([]);
      expect(record?.streams[0]?.underruns).toEqual([]);
    },
  );
});

/** Everything that is said is the glide, and the first thing that is heard is told. */
function glidingEngines(onHeard: (samples: Int16Array) => void): Pick<Engines, 'stt' | 'tts'> {
  const common = { name: 'gliding', warm: async () => {}, close: async () => {} };
  return {
    stt: {
      ...common,
      capabilities: { sampleRateHz: LINE_HZ, vocabulary: false },
      async transcribe({ samples }) {
        onHeard(samples);
        return 'a glide';
      },
    },
    tts: {
      ...common,
      capabilities: { sampleRateHz: 24_000, timestamps: false },
      async *speak() {
        yield { samples: glide(...AGENT_HZ, 24_000) };
      },
    },
  };
}
