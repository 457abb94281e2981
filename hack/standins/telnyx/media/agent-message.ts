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
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Never throws. Media, which comes 50 times a second and call, is read by hand; the rest by its schema. */
export function parseAgentMessage(text: string, codec: WireCodec): AgentMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'wrong', code: '100003', detail: 'The frame is not JSON.' };
  }
  const payload = payloadOf(json);
  if (payload !== undefined) return checkMedia(payload, codec);
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

function payloadOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('event' in json) || json.event !== 'media')
    return undefined;
  const media = 'media' in json ? json.media : undefined;
  if (typeof media !== 'object' || media === null || !('payload' in media)) return undefined;
  return typeof media.payload === 'string' ? media.payload : undefined;
}

function checkMedia(text: string, codec: WireCodec): AgentMessage {
  const wrong = (detail: string): AgentMessage => ({ kind: 'wrong', code: '100004', detail });
  if (text.length % 4 !== 0 || !base64.test(text)) return wrong('The payload is not base64.');
  const payload = Buffer.from(text, 'base64');
  const durationMs = codec.durationMs(payload);
  if (durationMs === undefined) return wrong(`The payload is not whole ${codec.encoding}.`);
  if (durationMs < MIN_MESSAGE_MS || durationMs > MAX_MESSAGE_MS) {
    return wrong(
      `The payload lasts ${durationMs} ms; it must last ${MIN_MESSAGE_MS} to ${MAX_MESSAGE_MS} ms.`,
    );
  }
  return { kind: 'media', payload };
}
