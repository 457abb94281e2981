import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const SPEECH_HZ = 24_000;
const MAX_SPEECH_MS = 10_000;
const MAX_SAID = 10_000;
const HUM = hum((MAX_SPEECH_MS * SPEECH_HZ) / 1_000);

export interface ScriptOptions {
  /** What a caller is understood to have said, by how much was sent of it. */
  readonly hears: (audioBytes: number) => string;
  readonly msPerCharacter: number;
}

export interface ScriptedSpeech {
  /** The endpoint of both engines, as `spec.engines` of a VoiceRuntime has it. */
  readonly endpoint: string;
  /** The clauses that were spoken on any call, in order; the first 10,000. */
  readonly said: readonly string[];
  stop(): Promise<void>;
}

/**
 * Speech engines that answer at once, by the interfaces of Whisper and Kokoro servers: what is said is understood
 * as the script has it; what is spoken is a hum as long as the text.
 */
export async function startScriptedSpeech({ hears, msPerCharacter }: ScriptOptions): Promise<ScriptedSpeech> {
  const said: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.url === '/v1/audio/speech') {
      const { input } = z.object({ input: z.string() }).parse(JSON.parse(body.toString()));
      if (said.length < MAX_SAID) said.push(input);
      const samples = (Math.min(input.length * msPerCharacter, MAX_SPEECH_MS) * SPEECH_HZ) / 1_000;
      response.writeHead(200, { 'content-type': 'audio/pcm' }).end(HUM.subarray(0, samples * 2));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ text: hears(body.length) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    said,
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

/** 16-bit little-endian. */
function hum(samples: number): Buffer {
  const wave = Int16Array.from({ length: samples }, (_, index) =>
    Math.round(4_000 * Math.sin((2 * Math.PI * 200 * index) / SPEECH_HZ)),
  );
  return Buffer.from(wave.buffer);
}
