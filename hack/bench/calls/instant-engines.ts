import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { decodeWav, encodePcm } from '#hack/engines/wav.ts';
import { Resampler } from '#runtime/media/resampler.ts';

const SENTENCE = fileURLToPath(
  new URL('../../../runtime/voice/fixtures/my-name-is-alice-johnson-8khz.wav', import.meta.url),
);
/** What Kokoro answers with. */
const SAMPLE_RATE_HZ = 24_000;
const BYTES_PER_MS = (SAMPLE_RATE_HZ / 1_000) * 2;
/** About 15 characters a second. */
const MS_PER_CHARACTER = 65;
const LONGEST_MS = 20_000;

let answers = 0;

const requestSchema = z.object({ input: z.string() });

export interface InstantEngines {
  /** The value of ENGINES for a runtime that uses them. */
  readonly setting: string;
  close(): void;
}

/**
 * Speech engines that take no time: the interfaces of Kokoro and Whisper, over HTTP, with recorded speech of a
 * length that goes with the text, and a new answer for each turn, whatever was said.
 */
export async function startInstantEngines(): Promise<InstantEngines> {
  const speech = recordedSpeech();
  const server = createServer((request, response) => {
    void answer(request, response, speech).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const setting = JSON.stringify({
    stt: { name: 'instant', type: 'Whisper', endpoint },
    tts: { name: 'instant', type: 'Kokoro', endpoint },
  });
  return {
    setting,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, speech: Buffer): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.url === '/v1/audio/transcriptions') {
    // Whoever says the very same over and over is taken for a recording.
    const text = `My name is Alice Johnson, and this is answer ${++answers}`;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ text }));
    return;
  }
  const { input } = requestSchema.parse(JSON.parse(Buffer.concat(chunks).toString()));
  const ms = Math.min(LONGEST_MS, input.length * MS_PER_CHARACTER);
  response.writeHead(200, { 'content-type': 'audio/pcm' }).end(speech.subarray(0, ms * BYTES_PER_MS));
}

/** A sentence over and over. */
function recordedSpeech(): Buffer {
  const { sampleRateHz, samples } = decodeWav(readFileSync(SENTENCE));
  // Backwards: callers say the same sentence, and would be taken for an echo of the agent.
  const sentence = new Resampler(sampleRateHz, SAMPLE_RATE_HZ).process(samples).toReversed();
  const whole = new Int16Array((LONGEST_MS * SAMPLE_RATE_HZ) / 1_000);
  for (let at = 0; at < whole.length; at += sentence.length) {
    whole.set(sentence.subarray(0, whole.length - at), at);
  }
  return encodePcm(whole);
}
