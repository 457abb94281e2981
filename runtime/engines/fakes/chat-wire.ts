import { z } from 'zod';
import { chunks } from './engine-server.ts';

/** What servers of chat completions take; what they do not know they refuse here, as OpenAI does. */
const chatRequestSchema = z.strictObject({
  model: z.string().min(1),
  messages: z.array(
    z.discriminatedUnion('role', [
      z.strictObject({ role: z.enum(['system', 'user']), content: z.string() }),
      z.strictObject({
        role: z.literal('assistant'),
        content: z.string(),
        tool_calls: z
          .array(
            z.strictObject({
              id: z.string().min(1),
              type: z.literal('function'),
              function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
            }),
          )
          .min(1)
          .optional(),
      }),
      z.strictObject({ role: z.literal('tool'), tool_call_id: z.string().min(1), content: z.string() }),
    ]),
  ),
  temperature: z.number().min(0).max(2),
  max_tokens: z.int().min(1),
  stream: z.literal(true),
  stream_options: z.strictObject({ include_usage: z.literal(true) }),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: z.string().regex(/^[\w-]{1,64}$/),
          description: z.string(),
          parameters: z.looseObject({ type: z.literal('object') }),
        }),
      }),
    )
    .min(1)
    .optional(),
  tool_choice: z.enum(['auto', 'none', 'required']).optional(),
});

/** What is wrong with a request for a chat completion; undefined where nothing is. */
export function wrongInChat(body: Buffer): string | undefined {
  const parsed = chatRequestSchema.safeParse(JSON.parse(body.toString()));
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}

/** A chunk of a completion as OpenAI writes it. */
export function chunkOf(delta: object, finishReason: string | null = null): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_764_500_000,
    model: 'small',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
}

/** The last chunk where usage was asked for. */
export const usageChunk = {
  ...chunkOf({}),
  choices: [],
  usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 },
};

export const DONE = '[DONE]';

/** Events as they stand on the wire. */
export function eventsOf(events: readonly (object | string)[], end = '\n'): Buffer {
  const lines = events.map(
    (event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}${end}${end}`,
  );
  return Buffer.from(lines.join(''));
}

/** A whole answer of these events, one chunk each. */
export function eventStream(...events: readonly (object | string)[]) {
  return chunks(...events.map((event) => eventsOf([event])));
}
