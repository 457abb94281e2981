import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { Caller } from '#hack/standins/telnyx/calls/caller.ts';
import type { Settings } from '#hack/standins/telnyx/settings.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { TestingProduct } from '#hack/standins/telnyx/testing-product.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { TelnyxCarrier } from '#runtime/carrier/telnyx.ts';
import type { StreamFormat } from '#runtime/carrier/telnyx-command.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { lineQuality } from '#runtime/media/testing/line-quality.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { noTools } from '#runtime/tools/fakes/no-tools.ts';
import { profile } from '#runtime/voice/fakes/call-in-test.ts';
import { loudnessDetectors } from '#runtime/voice/fakes/scripted-engines.ts';
import { silentObserver } from '#runtime/voice/fakes/silent-observer.ts';
import { createSessions } from '#runtime/voice/open-session.ts';

const NUMBER = '+12125550100';
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

let standIn: TelnyxStandIn;
let product: TestingProduct;
let caller: GlidingCaller;
const server = createServer();
const sockets = new WebSocketServer({ noServer: true });

beforeEach(async () => {
  caller = new GlidingCaller();
  standIn = await startTelnyxStandIn({ profile: 'fast', openCaller: () => caller });
  product = new TestingProduct(standIn);
  await product.start();
  await product.answerFor(NUMBER);
  await expect.poll(async () => (await product.telnyx.phoneNumbers.list()).data.length).toBe(1);
});

afterEach(async () => {
  product.stop();
  await standIn.stop();
  for (const socket of sockets.clients) socket.terminate();
  server.removeAllListeners('upgrade');
  server.close();
  await once(server, 'close');
});

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
      const transcribed = await talk(stream, settings);
      expect(heardDb(AGENT_HZ, caller.heard)).toBeGreaterThan(minimumDb);
      expect(heardDb(CALLER_HZ, transcribed)).toBeGreaterThan(minimumDb);
      const [record] = standIn.control.calls();
      expect(record?.streams[0]?.errors).toEqual([]);
      expect(record?.streams[0]?.underruns).toEqual([]);
    },
  );
});

/** Holds the call until the caller's words have come; what of them reached the recogniser. */
async function talk(stream: StreamFormat, settings: Partial<Settings>): Promise<Int16Array> {
  standIn.control.change(settings);
  const transcribed = Promise.withResolvers<Int16Array>();
  const { open } = createSessions({
    engines: glidingEngines(transcribed.resolve),
    tools: noTools,
    voiceActivity: loudnessDetectors,
    sendCodec: knownCodec(stream.codec, stream.sampleRate),
    observer: silentObserver,
    load: { strained: false },
    log: silentLogger,
    clock: systemClock,
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, context));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await attach(stream);
  return transcribed.promise;
}

/** Answers the call and has it streamed here. */
async function attach(stream: StreamFormat): Promise<void> {
  const carrier = new TelnyxCarrier({
    apiKey: standIn.apiKey,
    baseURL: standIn.url,
    stream,
    applicationID: undefined,
    log: silentLogger,
    clock: systemClock,
    metrics: createRuntimeMetrics(createRegistry('test')),
  });
  const { id } = standIn.control.placeCall({ from: '+13125550001', to: NUMBER, caller: { kind: 'glides' } });
  const carrierCallID = standIn.control.call(id).callControlID;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the media server does not listen');
  const streamURL = `ws://127.0.0.1:${address.port}/media`;
  const common = { carrierCallID, clientState: 'c3RhdGU=' };
  await carrier.send({ step: 'answer', commandID: 'answer', ...common });
  const start = { step: 'streaming_start', streamURL, streamToken: 'token' } as const;
  expect(await carrier.send({ ...start, commandID: 'stream', ...common })).toBe('Done');
}

const context: SessionContext = {
  callID: '00000000-0000-4000-8000-000000000001',
  generation: 7,
  profile,
  callerNumber: '+12125550142',
  calledNumber: '+12125550100',
  conversation: newConversation('lead-capture'),
  seamless: false,
  answeredAtMs: Date.now(),
  events: {
    turn: () => {},
    progress: () => {},
    lead: () => {},
    transfer: () => Promise.resolve(false),
    finished: () => {},
    disconnected: () => {},
  },
};

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
