import { afterEach, describe, expect, test } from 'vitest';
import { chunkOf, DONE, eventStream, eventsOf, usageChunk, wrongInChat } from './fakes/chat-wire.ts';
import {
  type Answer,
  breakAfter,
  chunks,
  type EngineServerOptions,
  engineServer,
  hang,
  status,
} from './fakes/engine-server.ts';
import { firstLanguageModel } from './fallback.ts';
import type { ChatPart, ChatRequest, LanguageModel } from './language-model.ts';
import { OpenAIChat } from './openai-chat.ts';

type Server = Awaited<ReturnType<typeof engineServer>>;
const servers: Server[] = [];
const never = new AbortController().signal;
const request: ChatRequest = {
  messages: [{ role: 'user', content: 'Hello.' }],
  tools: [],
  temperature: 0.3,
  maxTokens: 200,
};

async function setUp(script: Answer[], options: EngineServerOptions = {}) {
  const server = await engineServer(script, { wrong: wrongInChat, ...options });
  servers.push(server);
  return { server, model: new OpenAIChat(server.client, {}) };
}

async function answer(model: LanguageModel, signal = never, to = request): Promise<ChatPart[]> {
  const parts: ChatPart[] = [];
  for await (const part of model.chat(to, signal)) parts.push(part);
  return parts;
}

/** The answer with its pieces of text joined. */
async function summary(script: Answer[]) {
  const { model } = await setUp(script);
  const parts = await answer(model);
  return {
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    rest: parts.filter(({ type }) => type !== 'text'),
  };
}

const stop = { type: 'finish', reason: 'stop' };
const tool = (index: number | undefined, piece: object) => chunkOf({ tool_calls: [{ index, ...piece }] });
const called = (id: unknown, name: string, args: object) => ({ type: 'toolCall', id, name, arguments: args });

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('a request', () => {
  test('carries the whole conversation and the tools in the form that strict servers take', async () => {
    const { server, model } = await setUp([eventStream(chunkOf({ content: 'Yes.' }, 'stop'), DONE)]);
    await answer(model, never, {
      messages: [
        { role: 'system', content: 'You answer the phone.' },
        { role: 'user', content: 'Is ten free?' },
        {
          role: 'assistant',
          content: '',
          toolCalls: [{ id: 'a', name: 'check', arguments: { at: '10:00' } }],
        },
        { role: 'tool', toolCallID: 'a', content: 'free' },
      ],
      tools: [{ name: 'check', description: 'Whether a time is free.', parameters: { type: 'object' } }],
      toolChoice: 'required',
      temperature: 0,
      model: 'large',
      maxTokens: 50,
    });
    const sent = JSON.parse(server.requests[0]?.body.toString() ?? '');
    expect(sent).toMatchObject({ model: 'large', max_tokens: 50, tool_choice: 'required' });
    expect(sent.messages[2].tool_calls[0].function.arguments).toBe('{"at":"10:00"}');
    expect(server.outcomes).toEqual(['ok']);
  });

  test('without tools has no list of them, which OpenAI and vLLM refuse when it is empty', async () => {
    const { server, model } = await setUp([eventStream(chunkOf({ content: 'Yes.' }, 'stop'))]);
    await answer(model);
    expect(Object.keys(JSON.parse(server.requests[0]?.body.toString() ?? ''))).not.toContain('tools');
  });

  test('warms a model by a single token', async () => {
    const { server, model } = await setUp([eventStream(chunkOf({ content: '' }, 'length'), DONE)]);
    await model.warm(never);
    expect(JSON.parse(server.requests[0]?.body.toString() ?? '').max_tokens).toBe(1);
  });
});

describe('text', () => {
  const hello = [
    chunkOf({ role: 'assistant', content: '' }),
    chunkOf({ content: 'Grüß Gott, 李 ' }),
    chunkOf({ content: '☎.' }),
    chunkOf({}, 'stop'),
    usageChunk,
    DONE,
  ];
  const whole = {
    text: 'Grüß Gott, 李 ☎.',
    rest: [{ type: 'usage', inputTokens: 12, outputTokens: 5 }, stop],
  };

  test.each([
    ['one event a chunk', [eventStream(...hello)]],
    ['one byte a chunk', [chunks(...Array.from(eventsOf(hello), (byte) => Buffer.of(byte)))]],
    ['CRLF, one byte a chunk', [chunks(...Array.from(eventsOf(hello, '\r\n'), (byte) => Buffer.of(byte)))]],
    ['all at once', [chunks(eventsOf(hello))]],
    [
      'comments between',
      [
        chunks(
          Buffer.from(': ping\n\n'),
          eventsOf(hello.slice(0, 2)),
          Buffer.from(': ping\n\n'),
          eventsOf(hello.slice(2)),
        ),
      ],
    ],
    ['a byte order mark', [chunks(Buffer.from('\ufeff'), eventsOf(hello))]],
    ['no [DONE]', [eventStream(...hello.slice(0, -1))]],
    ['no empty line at the end', [chunks(eventsOf(hello).subarray(0, -2))]],
  ])('comes whole: %s', async (_, script) => {
    expect(await summary(script)).toEqual(whole);
  });

  test('is given out before the answer is whole', async () => {
    let finish: () => void = () => {};
    const { model } = await setUp([
      (response) => {
        response.write(eventsOf(hello.slice(0, 2)));
        finish = () => void response.end(eventsOf(hello.slice(2)));
      },
    ]);
    const parts = model.chat(request, never)[Symbol.asyncIterator]();
    expect(await parts.next()).toEqual({ done: false, value: { type: 'text', text: 'Grüß Gott, 李 ' } });
    finish();
    expect((await parts.next()).value).toEqual({ type: 'text', text: '☎.' });
  });

  test.each([
    ['after the reason', [chunkOf({ content: 'Hi.' }, 'stop')]],
    ['without a reason', [chunkOf({ content: 'Hi.' })]],
    [
      'with an empty choice of another index',
      [chunkOf({ content: 'Hi.' }), { choices: [{ index: 1, delta: { content: 'Ho.' } }] }],
    ],
    [
      'with nulls everywhere',
      [
        {
          choices: [
            { index: 0, delta: { role: null, content: 'Hi.', tool_calls: null }, finish_reason: null },
          ],
          usage: null,
        },
      ],
    ],
    ['with a chunk that has no choices at all', [{ id: 'x' }, chunkOf({ content: 'Hi.' })]],
  ])('ends with its last word: %s', async (_, events) => {
    expect(await summary([eventStream(...events)])).toEqual({ text: 'Hi.', rest: [stop] });
  });

  test.each([
    ['length', 'length'],
    ['content_filter', 'filtered'],
    ['eos', 'stop'],
  ])('that ends by %s says so', async (reason, ours) => {
    const { rest } = await summary([eventStream(chunkOf({ content: 'Hi' }, reason))]);
    expect(rest).toEqual([{ type: 'finish', reason: ours }]);
  });

  test('that the server does not end, after all was said, is whole all the same', async () => {
    const { server, model } = await setUp([
      (response) => void response.write(eventsOf([chunkOf({ content: 'Hi.' }, 'stop'), DONE])),
    ]);
    expect(await answer(model)).toEqual([{ type: 'text', text: 'Hi.' }, stop]);
    expect(server.outcomes).toEqual(['ok']);
  });

  test('keeps the connection for the next request', async () => {
    const { server, model } = await setUp(Array.from({ length: 6 }, () => eventStream(...hello)));
    for (let i = 0; i < 6; i++) await answer(model);
    expect(server.connections()).toBeLessThanOrEqual(2);
  });
});

describe('thoughts', () => {
  const pieces = (...texts: string[]) => [
    eventStream(...texts.map((content) => chunkOf({ content })), chunkOf({}, 'stop')),
  ];

  test.each([
    ['in their tags', pieces('<think>The caller greets.</think>\n\nHello.'), 'Hello.'],
    ['in pieces of tags', pieces('<th', 'ink>Hm', 'm.</', 'thi', 'nk>', '\n\n', 'Hello.'), 'Hello.'],
    ['one character at a time', pieces(...'<think>a<b</think>Hello.'), 'Hello.'],
    ['that never end', pieces('<think>The caller'), ''],
    ['twice', pieces('<think>a</think>One. <think>b</think>Two.'), 'One. Two.'],
    [
      'in a field of their own',
      [
        eventStream(
          chunkOf({ reasoning_content: 'Hmm.', reasoning: 'Hmm.' }),
          chunkOf({ content: 'Hello.' }, 'stop'),
        ),
      ],
      'Hello.',
    ],
  ])('are never spoken: %s', async (_, script, text) => {
    expect((await summary(script)).text).toBe(text);
  });

  test.each([
    ['5 < 6 <', '5 < 6 <'],
    ['a <thin', 'a <thin'],
    ['<b>', '<b>'],
  ])('are not seen in text that only looks like a tag: %s', async (content, text) => {
    expect((await summary(pieces(content))).text).toBe(text);
  });
});

describe('tool calls', () => {
  test('in pieces, two at once, are put together by their index', async () => {
    const { rest } = await summary([
      eventStream(
        tool(0, { id: 'a', type: 'function', function: { name: 'book', arguments: '' } }),
        tool(0, { function: { arguments: '{"at":' } }),
        tool(1, { id: 'b', type: 'function', function: { name: 'tell', arguments: '{' } }),
        tool(0, { function: { arguments: '"10:00"}' } }),
        tool(1, { function: { arguments: '}' } }),
        chunkOf({}, 'tool_calls'),
        usageChunk,
        DONE,
      ),
    ]);
    expect(rest).toEqual([
      called('a', 'book', { at: '10:00' }),
      called('b', 'tell', {}),
      { type: 'usage', inputTokens: 12, outputTokens: 5 },
      { type: 'finish', reason: 'toolCalls' },
    ]);
  });

  test.each([
    ['whole, without index and id, as Ollama sends them', undefined, undefined],
    ['whole, all with index 0 and an id, as Ollama sends them', 0, 'call'],
    ['whole, all with index 0 and no id', 0, undefined],
  ])('%s', async (_, index, id) => {
    const piece = (n: number) =>
      tool(index, { ...(id ? { id: id + n } : {}), function: { name: `tool${n}`, arguments: `{"n":${n}}` } });
    const { rest } = await summary([eventStream(piece(1), piece(2), chunkOf({}, 'stop'), DONE)]);
    expect(rest).toEqual([
      called(id ? 'call1' : expect.stringMatching(/^call_/), 'tool1', { n: 1 }),
      called(id ? 'call2' : expect.stringMatching(/^call_/), 'tool2', { n: 2 }),
      { type: 'finish', reason: 'toolCalls' },
    ]);
  });

  test.each([
    [
      'repeat their id and name',
      [
        tool(0, { id: 'a', function: { name: 'book', arguments: '{"a"' } }),
        tool(0, { id: 'a', function: { name: 'book', arguments: ':1}' } }),
      ],
      { a: 1 },
    ],
    [
      'have arguments as an object',
      [tool(0, { id: 'a', function: { name: 'book', arguments: { a: 1 } } })],
      { a: 1 },
    ],
    ['have no arguments', [tool(0, { id: 'a', function: { name: 'book' } })], {}],
    [
      'have null for what is absent',
      [
        tool(0, { id: 'a', function: { name: 'book', arguments: null } }),
        tool(0, { id: null, function: { name: null, arguments: '{}' } }),
      ],
      {},
    ],
  ])('of servers whose pieces %s are whole', async (_, events, args) => {
    const { rest } = await summary([eventStream(...events, chunkOf({}, 'tool_calls'))]);
    expect(rest[0]).toEqual(called('a', 'book', args));
  });

  test.each(['{"at": "10', 'ten o’clock', '[1]', '"text"', 'null'])(
    'with arguments that are no JSON object are told as malformed: %s',
    async (text) => {
      const { rest } = await summary([
        eventStream(tool(0, { id: 'a', function: { name: 'book', arguments: text } }), chunkOf({}, 'length')),
      ]);
      expect(rest).toEqual([
        { type: 'malformedToolCall', id: 'a', name: 'book', text },
        { type: 'finish', reason: 'length' },
      ]);
    },
  );

  test('are whole too where neither a reason nor [DONE] comes', async () => {
    const { rest } = await summary([
      eventStream(tool(0, { id: 'a', function: { name: 'book', arguments: '{}' } })),
    ]);
    expect(rest).toEqual([called('a', 'book', {}), { type: 'finish', reason: 'toolCalls' }]);
  });
});

describe('failures', () => {
  const hi = chunkOf({ content: 'Hi' });

  test.each<[string, Answer[], string, string[]]>([
    [
      'a context that is too long, by OpenAI',
      [
        status(400, {
          error: { code: 'context_length_exceeded', type: 'invalid_request_error', message: 'm' },
        }),
      ],
      'engine_context_exceeded',
      ['refused'],
    ],
    [
      'a context that is too long, by llama.cpp',
      [status(400, { error: { code: 400, type: 'exceed_context_size_error', n_ctx: 4096 } })],
      'engine_context_exceeded',
      ['refused'],
    ],
    [
      'a context that is too long, by vLLM',
      [status(400, { error: { code: 400, type: 'BadRequestError', param: 'input_tokens' } })],
      'engine_context_exceeded',
      ['refused'],
    ],
    ['another refusal', [status(404, { error: { code: 'model_not_found' } })], 'engine_refused', ['refused']],
    ['too many requests, which are not pressed', [status(429)], 'engine_busy', ['busy']],
    [
      'a model that is loading',
      [status(503), status(503)],
      'engine_unavailable',
      ['unavailable', 'unavailable'],
    ],
    [
      'an error in the stream',
      [eventStream({ error: { message: 'm', type: 'server_error' } }), eventStream({ error: 'm' })],
      'engine_unavailable',
      ['unavailable', 'unavailable'],
    ],
    ['an event that is not JSON', [eventStream('oops')], 'engine_refused', ['refused']],
    ['a chunk of another form', [eventStream({ choices: 'none' })], 'engine_refused', ['refused']],
    ['an answer of nothing', [eventStream(DONE)], 'engine_refused', ['refused']],
    [
      'a page of HTML with status 200',
      [chunks(Buffer.from('<html>\n\n</html>'))],
      'engine_refused',
      ['refused'],
    ],
  ])('%s is typed', async (_, script, code, outcomes) => {
    const { server, model } = await setUp(script);
    await expect(answer(model)).rejects.toMatchObject({ code });
    expect(server.outcomes).toEqual(outcomes);
  });

  test.each<[string, Answer]>([
    ['a broken connection', breakAfter(eventsOf([hi]))],
    ['an error in the stream', chunks(eventsOf([hi, { error: { message: 'm' } }]))],
  ])('after the first words are not tried again: %s', async (_, first) => {
    const { server, model } = await setUp([first, eventStream(hi)]);
    const parts: ChatPart[] = [];
    await expect(async () => {
      for await (const part of model.chat(request, never)) parts.push(part);
    }).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(parts).toEqual([{ type: 'text', text: 'Hi' }]);
    expect(server.requests).toHaveLength(1);
  });

  test('tell their code and never the text, which may repeat what the caller said', async () => {
    const { model } = await setUp([
      status(400, { error: { code: 'bad_thing', type: 'with spaces in it', message: 'My name is Ann' } }),
    ]);
    const error = await answer(model).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ cause: { message: 'HTTP status 400 (bad_thing)' } });
  });

  test('that ask to be left alone are left alone that long', async () => {
    const { server, model } = await setUp([status(429, {}, { 'retry-after': '20' }), eventStream(hi)]);
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine_busy', retryAfterMs: 20_000 });
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine_resting' });
    expect(server.requests).toHaveLength(1);
  });

  test('keep-alives are no answer: the time for the first word goes on', async () => {
    const { server, model } = await setUp(
      [
        (response) => {
          const timer = setInterval(() => response.write(': ping\n\n'), 5);
          response.on('close', () => clearInterval(timer));
        },
      ],
      { timeoutMs: 60 },
    );
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine_timeout' });
    expect(server.outcomes).toEqual(['timeout']);
  });

  test('the time between words is another than the time to the first', async () => {
    const { model } = await setUp([(response) => void response.write(eventsOf([hi]))], {
      timeoutMs: 60_000,
      stallTimeoutMs: 40,
    });
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine_timeout' });
  });

  test('a server that hangs is left for the next model, which answers with its own', async () => {
    const first = await setUp([hang], { timeoutMs: 40 });
    const second = await setUp([eventStream(hi)]);
    const ladder = firstLanguageModel([first.model, second.model]);
    expect(await answer(ladder, never, { ...request, model: 'large' })).toContainEqual({
      type: 'text',
      text: 'Hi',
    });
    expect(JSON.parse(second.server.requests[0]?.body.toString() ?? '').model).toBe('default');
  });

  test('a conversation that is too long for one model is not given to the next', async () => {
    const first = await setUp([status(400, { error: { code: 'context_length_exceeded' } })]);
    const second = await setUp([eventStream(hi)]);
    await expect(answer(firstLanguageModel([first.model, second.model]))).rejects.toMatchObject({
      code: 'engine_context_exceeded',
    });
    expect(second.server.requests).toHaveLength(0);
  });
});

describe('an interruption', () => {
  test.each(['before', 'after'])('%s the first word closes the request and is no failure', async (when) => {
    const abort = new AbortController();
    const reason = new Error('the caller spoke');
    let closed: Promise<unknown> = Promise.resolve();
    const { server, model } = await setUp([
      (response) => {
        closed = new Promise((resolve) => response.on('close', resolve));
        if (when === 'before') abort.abort(reason);
        else response.write(eventsOf([chunkOf({ content: 'Hi' })]), () => abort.abort(reason));
      },
    ]);
    await expect(answer(model, abort.signal)).rejects.toBe(reason);
    await closed;
    expect(server.outcomes).toEqual(['aborted']);
  });
});
