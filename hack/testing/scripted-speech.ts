import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const SPEECH_HZ = 24_000;
const MS_A_CHARACTER = 12;
const MAX_CHARACTERS = 400;
/** A pod warms the recogniser with half a second of silence, about 16 KB: nobody's words. */
const WARMING_BYTES = 24_000;
const HUM = hum((MAX_CHARACTERS * MS_A_CHARACTER * SPEECH_HZ) / 1_000);

export interface ScriptedSpeech {
  /** The endpoint of both engines, as `spec.engines` of a VoiceRuntime has it. */
  readonly endpoint: string;
  /** Every clause that was spoken on any call, in order. */
  readonly said: readonly string[];
  stop(): Promise<void>;
}

/**
 * Speech engines by the interfaces of Whisper and Kokoro servers: whatever is said is understood as `words`;
 * what is spoken is a hum as long as the text.
 */
export async function startScriptedSpeech(words: string): Promise<ScriptedSpeech> {
  const said: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.url === '/v1/audio/speech') {
      const { input } = z.object({ input: z.string() }).parse(JSON.parse(body.toString()));
      said.push(input);
      const samples = (Math.min(input.length, MAX_CHARACTERS) * MS_A_CHARACTER * SPEECH_HZ) / 1_000;
      response.writeHead(200, { 'content-type': 'audio/pcm' }).end(HUM.subarray(0, samples * 2));
      return;
    }
    const text = body.length < WARMING_BYTES ? '' : words;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ text }));
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
