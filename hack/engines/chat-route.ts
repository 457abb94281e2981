import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import type { ModelAnswer, Orders } from './orders.ts';
import { parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';
import { type AnswerPart, answerByRules, type RuleCall, type Rules } from './rule-model.ts';

const MAX_BODY_BYTES = 1024 * 1024;

const messageSchema = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string().nullish(),
});

/** What the rules do not need is taken and left aside, as models do. */
const bodySchema = z.looseObject({
  model: z.string().min(1).max(200),
  messages: z.array(messageSchema).min(1),
  max_tokens: z.int().min(1).optional(),
  stream: z.literal(true, { error: 'Only streamed completions are made here: stream must be true' }),
  stream_options: z.object({ include_usage: z.boolean().default(false) }).optional(),
  tool_choice: z.enum(['auto', 'none', 'required']).default('auto'),
});

export interface ChatEngine {
  readonly rules: Rules;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly clock: Clock;
  readonly orders: Orders;
  readonly signal: AbortSignal;
}

/** `POST /v1/chat/completions`: a streamed answer by rules, word by word at the pace of a model. */
export async function chat(
  request: IncomingMessage,
  response: ServerResponse,
  engine: ChatEngine,
): Promise<void> {
  const { orders, clock, signal, firstTokenMs, tokensPerSecond } = engine;
  const bytes = await readBody(request, MAX_BODY_BYTES);
  const body = parseBody(bytes, bodySchema);
  const messages = body.messages.map(({ role, content }) => ({ role, content: content ?? '' }));
  const mishap = orders.mishap('llm', bytes, signal);
  await mishap.begin();
  const answer = orders.answer(messages)?.map(orderedPart) ?? answerByRules(engine.rules, messages);
  const events = eventsOf(
    body.tool_choice === 'none' ? answer.filter((part) => typeof part === 'string') : answer,
    body.max_tokens,
  );
  await clock.sleep(firstTokenMs, signal);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = chunksOf(body.model);
  for (const { delta, finish } of mishap.cut(events)) {
    response.write(
      `data: ${JSON.stringify(chunk([{ index: 0, delta, finish_reason: finish ?? null }]))}\n\n`,
    );
    if (finish === undefined) await clock.sleep(1_000 / tokensPerSecond, signal);
  }
  await mishap.end();
  if (body.stream_options?.include_usage) {
    const prompt = messages.reduce((words, { content }) => words + content.split(/\s+/).length, 0);
    const usage = {
      prompt_tokens: prompt,
      completion_tokens: events.length,
      total_tokens: prompt + events.length,
    };
    response.write(`data: ${JSON.stringify({ ...chunk([]), usage })}\n\n`);
  }
  response.end('data: [DONE]\n\n');
}

interface ChatEvent {
  readonly delta: object;
  readonly finish?: 'stop' | 'tool_calls' | 'length';
}

/** A word a token; the arguments of a call in two pieces, as models make them in many. */
function eventsOf(parts: readonly AnswerPart[], maxTokens = Number.POSITIVE_INFINITY): ChatEvent[] {
  let calls = 0;
  const events: ChatEvent[] = [];
  for (const part of parts) {
    if (typeof part === 'string') events.push(...wordsOf(part));
    else events.push(...piecesOf(part, calls++));
  }
  const words = events.filter(({ delta }) => 'content' in delta).length;
  if (words > maxTokens) return [...events.slice(0, maxTokens), { delta: {}, finish: 'length' }];
  return [...events, { delta: {}, finish: calls > 0 ? 'tool_calls' : 'stop' }];
}

function wordsOf(text: string): ChatEvent[] {
  return (text.match(/\S+\s*/g) ?? []).map((content) => ({ delta: { content } }));
}

function piecesOf({ name, arguments: text }: RuleCall, index: number): ChatEvent[] {
  const half = text.length >> 1;
  const id = `call_${crypto.randomUUID()}`;
  return [
    { index, id, type: 'function', function: { name, arguments: text.slice(0, half) } },
    { index, function: { arguments: text.slice(half) } },
  ].map((piece) => ({ delta: { tool_calls: [piece] } }));
}

function orderedPart(part: ModelAnswer[number]): AnswerPart {
  return typeof part === 'string' ? `${part} ` : { name: part.tool, arguments: JSON.stringify(part.args) };
}

function chunksOf(model: string): (choices: readonly object[]) => object {
  const id = `chatcmpl-${crypto.randomUUID()}`;
  const created = Math.floor(Date.now() / 1_000);
  return (choices) => ({ id, object: 'chat.completion.chunk', created, model, choices });
}
