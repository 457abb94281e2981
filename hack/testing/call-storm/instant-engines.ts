import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const SPEECH_HZ = 24_000;
/** Quick, but long enough that somebody can interrupt it. */
const MS_A_CHARACTER = 25;
const MAX_SPEECH_MS = 10_000;
const HUM = hum();
const speechSchema = z.object({ input: z.string() });

export interface InstantEngines {
  /** The endpoint of both engines, as `spec.engines` of a VoiceRuntime has it. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Speech engines that answer at once, by the interfaces of Whisper and Kokoro servers: whatever is said was
 * `answer <number>`, and no two answers are alike; what is spoken is a hum as long as the text.
 */
export async function startInstantEngines(): Promise<InstantEngines> {
  let answers = 0;
  const listener: RequestListener = async (request, response) => {
    const body = await bodyOf(request);
    if (request.url === '/v1/audio/transcriptions') {
      answers += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ text: `answer ${answers}` }));
    } else if (request.url === '/v1/audio/speech') {
      const { input } = speechSchema.parse(JSON.parse(body.toString()));
      const samples = Math.min(input.length * MS_A_CHARACTER, MAX_SPEECH_MS) * (SPEECH_HZ / 1_000);
      response.writeHead(200, { 'content-type': 'audio/pcm' }).end(HUM.subarray(0, samples * 2));
    } else {
      response.writeHead(404).end();
    }
  };
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** As much as anybody may ask for, 16-bit little-endian. */
function hum(): Buffer {
  const samples = Int16Array.from({ length: (MAX_SPEECH_MS * SPEECH_HZ) / 1_000 }, (_, index) =>
    Math.round(4_000 * Math.sin((2 * Math.PI * 200 * index) / SPEECH_HZ)),
  );
  return Buffer.from(samples.buffer);
}
