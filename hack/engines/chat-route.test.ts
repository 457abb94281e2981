import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { EngineClient } from '#runtime/engines/engine-client.ts';
import type { ChatMessage } from '#runtime/engines/language-model.ts';
import { OpenAIChat } from '#runtime/engines/openai-chat.ts';
import { EnginesServer } from './engines-server.ts';
import { receptionistRules } from './receptionist-rules.ts';
import { rulesSchema } from './rule-model.ts';

const never = new AbortController().signal;

describe('the language model by rules, asked as a runtime asks it', () => {
  let server: EnginesServer;
  let model: OpenAIChat;

  beforeAll(async () => {
    const chat = { rules: receptionistRules, firstTokenMs: 0, tokensPerSecond: 10_000, clock: systemClock };
    const options = { log: silentLogger, path: '', concurrency: 1, maxQueued: 1, chat };
    server = new EnginesServer({ host: '127.0.0.1', port: 0, ...options });
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

  /** What the runtime tells a model, once some of its questions are answered; `phone`: that one is to be confirmed. */
  function instructed(standing: string): ChatMessage {
    const questions = [
      ['name', 'May I have your name please?'],
      ['phone', 'What number is best?'],
      ['reason', 'How can we help?'],
    ] as const;
    const asked = standing === 'all' ? questions.length : questions.findIndex(([name]) => name === standing);
    const lines = questions.map(([name, prompt], index) => {
      const isNow = index === asked && name === 'phone';
      const state = isNow ? 'answered, to be confirmed' : index < asked ? 'answered' : 'open';
      return `- ${name} (${name}; Text; required; ${state}): "${prompt}"`;
    });
    return { role: 'system', content: ['Find out from the caller:', ...lines].join('\n') };
  }

  const caller = (content: string): ChatMessage => ({ role: 'user', content });

  test.each<[string, string, string, unknown[]]>([
    ['My name is John Smith.', '', '', [['save_answer', { field: 'name', value: 'My name is John Smith.' }]]],
    ['Hello', '', 'Hello. May I have your name please?', []],
    ['What does it cost?', '', 'Somebody will get back to you about that. May I have your name please?', []],
    ['Yes, that is right.', 'phone', '', [['confirm_answer', { field: 'phone' }]]],
    ['No', 'phone', 'Sorry about that. What is right?', []],
    ['It is 212 555 0143', 'phone', '', [['save_answer', { field: 'phone', value: 'It is 212 555 0143' }]]],
    ['That is all', 'all', '', [['finish', {}]]],
    ['Purple.', 'all', 'I am sorry, could you say that again please?', []],
  ])('a receptionist hears %s while the standing is "%s"', async (said, standing, text, calls) => {
    const answered = await answer([instructed(standing), caller(said)]);
    expect(answered).toEqual({ text, calls, rest: [calls.length > 0 ? 'toolCalls' : 'stop'] });
  });

  test.each<[string, string, string, unknown[]]>([
    ['Saved.', '', 'Thank you. What number is best?', []],
    ['Saved. Read it back as "Ann" and ask.', '', 'I have Ann. Is that right?', []],
    [
      'That is no answer to it. Ask again.',
      '',
      'Sorry, I did not get that. May I have your name please?',
      [],
    ],
    ['Noted.', 'phone', 'Thank you. How can we help?', []],
    ['Saved.', 'reason', '', [['finish', {}]]],
    ['There is no tool x.', '', '', []],
  ])(
    'a tool that answers %s while the standing is "%s" is spoken of',
    async (told, standing, text, calls) => {
      const call = { id: 'a', name: 'save_answer', arguments: {} };
      const answered = await answer([
        instructed(standing),
        caller('My name is Ann.'),
        { role: 'assistant', content: '', toolCalls: [call] },
        { role: 'tool', toolCallID: 'a', content: told },
      ]);
      expect(answered).toMatchObject({ text, calls });
    },
  );

  test('calls nothing where tools are forbidden, and stops at the tokens allowed', async () => {
    const said = [instructed(''), caller('My name is John Smith.')];
    expect((await answer(said, { tools: [SAVE], toolChoice: 'none' })).calls).toEqual([]);
    expect(await answer([instructed(''), caller('Hello.')], { maxTokens: 2 })).toEqual({
      text: 'Hello. May ',
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
