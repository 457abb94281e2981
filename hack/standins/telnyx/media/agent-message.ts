import { z } from 'zod';
import type { WireCodec } from './wire-codec.ts';

/** What the agent's side sends on the media socket, checked; or the error frame that it earns. */
export type AgentMessage =
  | { readonly kind: 'media'; readonly payload: Buffer }
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'clear' }
  | { readonly kind: 'wrong'; readonly code: '100003' | '100004'; readonly detail: string };

const MIN_MESSAGE_MS = 20;
const MAX_MESSAGE_MS = 30_000;

const messageSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('media'), media: z.object({ payload: z.string() }) }),
  z.object({ event: z.literal('mark'), mark: z.object({ name: z.string().min(1).max(1_000) }) }),
  z.object({ event: z.literal('clear') }),
]);
const base64 = z.base64();

export function parseAgentMessage(text: string, codec: WireCodec): AgentMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'wrong', code: '100003', detail: 'The frame is not JSON.' };
  }
  const result = messageSchema.safeParse(json);
  if (!result.success) {
    return {
      kind: 'wrong',
      code: '100003',
      detail: result.error.issues[0]?.message ?? 'The frame is malformed.',
    };
  }
  const message = result.data;
  if (message.event === 'clear') return { kind: 'clear' };
  if (message.event === 'mark') return { kind: 'mark', name: message.mark.name };
  return checkMedia(message.media.payload, codec);
}

function checkMedia(text: string, codec: WireCodec): AgentMessage {
  const wrong = (detail: string): AgentMessage => ({ kind: 'wrong', code: '100004', detail });
  if (!base64.safeParse(text).success) return wrong('The payload is not base64.');
  const payload = Buffer.from(text, 'base64');
  if (payload.length % codec.bytesPerSample !== 0) return wrong('The payload ends inside a sample.');
  const durationMs = (payload.length / codec.bytesPerSample / codec.sampleRateHz) * 1_000;
  if (durationMs < MIN_MESSAGE_MS || durationMs > MAX_MESSAGE_MS) {
    return wrong(
      `The payload lasts ${durationMs} ms; it must last ${MIN_MESSAGE_MS} to ${MAX_MESSAGE_MS} ms.`,
    );
  }
  return { kind: 'media', payload };
}
