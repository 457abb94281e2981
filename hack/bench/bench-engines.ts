import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { spokenPart } from '#hack/caller/spoken-part.ts';
import { chat } from '#hack/engines/chat-route.ts';
import { Orders } from '#hack/engines/orders.ts';
import { parseBody } from '#hack/engines/parse-body.ts';
import { readBody } from '#hack/engines/read-body.ts';
import type { Rules } from '#hack/engines/rule-model.ts';
import { decodeWav, encodePcm } from '#hack/engines/wav.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { Resampler } from '#runtime/media/resampler.ts';

const SENTENCE = fileURLToPath(
  new URL('../../runtime/voice/fixtures/my-name-is-alice-johnson-8khz.wav', import.meta.url),
);
/** What Kokoro answers with. */
const SAMPLE_RATE_HZ = 24_000;
const BYTES_PER_MS = (SAMPLE_RATE_HZ / 1_000) * 2;
/** About 15 characters a second. */
const MS_PER_CHARACTER = 65;
const LONGEST_MS = 20_000;
const MAX_BODY_BYTES = 64 * 1024;
/** Words that follow the first one of a language model. */
const TOKENS_PER_SECOND = 60;

const speechSchema = z.looseObject({ input: z.string() });

export interface BenchEnginesOptions {
  /** What the recogniser makes of an upload, which it has to read. */
  readonly hear: (upload: IncomingMessage) => Promise<string>;
  /** What the language model answers by; absent: there is none. */
  readonly rules?: Rules;
  /** How long they take, drawn for each request; absent: no time. */
  readonly delays?: EngineDelays;
}

/** From a request's last byte to the answer's first, in milliseconds. */
export type EngineDelays = Readonly<Record<EngineKind, () => number>>;
export type EngineKind = 'stt' | 'llm' | 'tts';

export interface BenchEngines {
  /** The value of ENGINES for a runtime that uses them. */
  readonly setting: string;
  /** What was drawn for each request so far. */
  readonly delaysMs: Readonly<Record<EngineKind, readonly number[]>>;
  close(): void;
}

/**
 * Engines that answer after a time that is set: the interfaces of Kokoro, Whisper and vLLM over HTTP, with
 * recorded speech of a length that goes with the text.
 */
export async function startBenchEngines(options: BenchEnginesOptions): Promise<BenchEngines> {
  const delaysMs: Record<EngineKind, number[]> = { stt: [], llm: [], tts: [] };
  const delayOf = (kind: EngineKind): number => {
    const ms = options.delays?.[kind]() ?? 0;
    delaysMs[kind].push(ms);
    return ms;
  };
  const routes = routesOf(options, delayOf);
  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    // A runtime that gives an answer up closes its connection, and wants no other reply.
    const route = routes[request.url ?? ''] ?? notThere;
    void route(request, response, gone.signal).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    setting: JSON.stringify({
      stt: { name: 'bench', type: 'Whisper', endpoint },
      tts: { name: 'bench', type: 'Kokoro', endpoint },
      ...(options.rules ? { llm: { name: 'bench', type: 'OpenAICompatible', endpoint } } : {}),
    }),
    delaysMs,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

type Route = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;

function routesOf(
  { hear, rules }: BenchEnginesOptions,
  delayOf: (kind: EngineKind) => number,
): Readonly<Record<string, Route>> {
  const speech = recordedSpeech();
  const orders = new Orders(systemClock);
  return {
    async '/v1/audio/transcriptions'(request, response, signal) {
      const text = await hear(request);
      await delay(delayOf('stt'), signal);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ text }));
    },
    async '/v1/audio/speech'(request, response, signal) {
      const { input } = parseBody(await readBody(request, MAX_BODY_BYTES), speechSchema);
      await delay(delayOf('tts'), signal);
      const ms = Math.min(LONGEST_MS, input.length * MS_PER_CHARACTER);
      response.writeHead(200, { 'content-type': 'audio/pcm' }).end(speech.subarray(0, ms * BYTES_PER_MS));
    },
    ...(rules === undefined
      ? {}
      : {
          '/v1/chat/completions': (request, response, signal) =>
            chat(request, response, {
              rules,
              firstTokenMs: delayOf('llm'),
              tokensPerSecond: TOKENS_PER_SECOND,
              clock: systemClock,
              orders,
              signal,
            }),
        }),
  };
}

const notThere: Route = async (_request, response) => {
  response.writeHead(404).end();
};

/** None at all where no time is to be taken: a timer would take a millisecond. */
async function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await systemClock.sleep(ms, signal);
}

/** A sentence over and over. */
function recordedSpeech(): Buffer {
  const { sampleRateHz, samples } = decodeWav(readFileSync(SENTENCE));
  // Backwards: callers say the same sentence, and would be taken for an echo of the agent.
  const sentence = new Resampler(sampleRateHz, SAMPLE_RATE_HZ).process(spokenPart(samples)).toReversed();
  const whole = new Int16Array((LONGEST_MS * SAMPLE_RATE_HZ) / 1_000);
  for (let at = 0; at < whole.length; at += sentence.length) {
    whole.set(sentence.subarray(0, whole.length - at), at);
  }
  return encodePcm(whole);
}
