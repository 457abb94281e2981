import { afterEach, describe, expect, test } from 'vitest';
import { answer, closeChats, never, request, setUpChat, summary } from './fakes/chat-in-test.ts';
import { chunkOf, DONE, eventStream, eventsOf, usageChunk } from './fakes/chat-wire.ts';
import { chunks } from './fakes/engine-server.ts';

const stop = { type: 'finish', reason: 'stop' };
const tool = (index: number | undefined, piece: object) => chunkOf({ tool_calls: [{ index, ...piece }] });
const called = (id: unknown, name: string, args: object) => ({ type: 'toolCall', id, name, arguments: args });

afterEach(closeChats);

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
    const { model } = await setUpChat([
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
    // Far beyond the time of this test: the end is waited for a moment only.
    const { server, model } = await setUpChat(
      [(response) => void response.write(eventsOf([chunkOf({ content: 'Hi.' }, 'stop'), DONE]))],
      { timeoutMs: 600_000 },
    );
    expect(await answer(model)).toEqual([{ type: 'text', text: 'Hi.' }, stop]);
    expect(server.outcomes).toEqual(['ok']);
  });

  test('keeps the connection for the next request', async () => {
    const { server, model } = await setUpChat(Array.from({ length: 6 }, () => eventStream(...hello)));
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
    ['one character at a time', pieces(...Array.from('<think>a<b</think>Hello.')), 'Hello.'],
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

  test('end what is said before them, which is spoken while they are written', async () => {
    const begun = tool(0, { id: 'a', function: { name: 'book', arguments: '{"at":' } });
    let finish: () => void = () => {};
    const { model } = await setUpChat([
      (response) => {
        response.write(eventsOf([chunkOf({ content: 'Let me see.' }), begun]));
        finish = () =>
          void response.end(
            eventsOf([tool(0, { function: { arguments: '1}' } }), chunkOf({}, 'stop'), DONE]),
          );
      },
    ]);
    const parts = model.chat(request, never)[Symbol.asyncIterator]();
    expect((await parts.next()).value).toEqual({ type: 'text', text: 'Let me see.' });
    expect((await parts.next()).value).toEqual({ type: 'text', text: ' ' });
    finish();
    expect((await parts.next()).value).toEqual(called('a', 'book', { at: 1 }));
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
