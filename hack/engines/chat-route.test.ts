import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { EngineClient } from '#runtime/engines/engine-client.ts';
import type { ChatMessage } from '#runtime/engines/language-model.ts';
import { OpenAIChat } from '#runtime/engines/openai-chat.ts';
import { enginesListener } from './engines-server.ts';
import { receptionistRules } from './receptionist-rules.ts';
import { rulesSchema } from './rule-model.ts';

const never = new AbortController().signal;

describe('the language model by rules, asked as a runtime asks it', () => {
  let server: HttpServer;
  let model: OpenAIChat;

  beforeAll(async () => {
    const chat = { rules: receptionistRules, firstTokenMs: 0, tokensPerSecond: 10_000, clock: systemClock };
    const options = { log: silentLogger, path: '', concurrency: 1, maxQueued: 1, chat };
    server = new HttpServer({
      name: 'engines',
      host: '127.0.0.1',
      port: 0,
      log: silentLogger,
      listener: enginesListener(options),
    });
    await server.start(() => undefined);
    const client = new EngineClient({
      name: 'rules',
      endpoint: `http://127.0.0.1:${server.port}`,
      clock: systemClock,
      timeoutMs: 5_000,
      observer: { answered: () => {}, finished: () => {} },
    });
    model = new OpenAIChat(client, {});
  });
  afterAll(async () => {
    await model.close();
    await server.stop();
  });

  async function answer(messages: readonly ChatMessage[], more = {}) {
    const request = { messages, tools: [], temperature: 0, maxTokens: 100, ...more };
    const parts = await Array.fromAsync(model.chat(request, never));
    return {
      text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      calls: parts.flatMap((part) => (part.type === 'toolCall' ? [[part.name, part.arguments]] : [])),
      rest: parts.flatMap((part) => (part.type === 'finish' ? [part.reason] : [])),
    };
  }

  const caller = (content: string): ChatMessage => ({ role: 'user', content });

  test.each<[string, string, unknown[]]>([
    [
      'My name is John Smith.',
      'Thank you. What number can we call you back on?',
      [['save_answer', { field: 'name', value: 'John Smith' }]],
    ],
    [
      'two one two five five five oh one four two',
      'Thank you. How can we help you today?',
      [['save_answer', { field: 'phone', value: 'two one two five five five oh one four two' }]],
    ],
    [
      'I would like to book an appointment',
      'I will pass that on.',
      [
        ['save_answer', { field: 'reason', value: 'I would like to book an appointment' }],
        ['finish', {}],
      ],
    ],
    ['Purple.', 'I am sorry, could you say that again please?', []],
  ])('a receptionist hears %s', async (said, text, calls) => {
    const answered = await answer([{ role: 'system', content: 'You are a receptionist.' }, caller(said)]);
    expect(answered).toEqual({ text, calls, rest: [calls.length > 0 ? 'toolCalls' : 'stop'] });
  });

  test('what a tool answers is answered by rules of its own, and else with nothing', async () => {
    const call = { id: 'a', name: 'save_answer', arguments: {} };
    const after = (content: string): ChatMessage[] => [
      caller('My name is Ann.'),
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', toolCallID: 'a', content },
    ];
    expect((await answer(after('Saved. Read it back as "Ann" and ask.'))).text).toBe(
      'That is Ann, is that right?',
    );
    expect(await answer(after('Saved.'))).toEqual({ text: '', calls: [], rest: ['stop'] });
  });

  test('calls nothing where tools are forbidden, and stops at the tokens allowed', async () => {
    const said = [caller('My name is John Smith.')];
    expect((await answer(said, { tools: [SAVE], toolChoice: 'none' })).calls).toEqual([]);
    expect(await answer(said, { maxTokens: 2 })).toEqual({
      text: 'Thank you. ',
      calls: [],
      rest: ['length'],
    });
  });

  test.each([
    [{ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }, 'stream'],
    [{ model: 'm', stream: true, messages: [] }, 'messages'],
    [{ stream: true, messages: [{ role: 'user', content: 'Hi' }] }, 'model'],
  ])('refuses %j', async (body, param) => {
    const url = `http://127.0.0.1:${server.port}/v1/chat/completions`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});

const SAVE = { name: 'save_answer', description: 'Saves.', parameters: { type: 'object' } };

test.each([
  [[{ says: 'Hi' }], 'give exactly one of hears and told'],
  [[{ hears: '(', says: 'Hi' }], 'must be a pattern'],
  [[], 'expected array to have >=1 items'],
])('rules that cannot be followed are refused: %j', (rules, message) => {
  expect(() => rulesSchema.parse(rules)).toThrow(message);
});
