import { afterEach, describe, expect, test } from 'vitest';
import { answer, closeChats, never, request, setUpChat } from './fakes/chat-in-test.ts';
import { chunkOf, DONE, eventStream, eventsOf } from './fakes/chat-wire.ts';
import { type Answer, breakAfter, chunks, hang, status } from './fakes/engine-server.ts';
import { firstLanguageModel } from './fallback.ts';
import type { ChatPart } from './language-model.ts';

afterEach(closeChats);

describe('a request', () => {
  test('carries the whole conversation and the tools in the form that strict servers take', async () => {
    const { server, model } = await setUpChat([eventStream(chunkOf({ content: 'Yes.' }, 'stop'), DONE)]);
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
    const { server, model } = await setUpChat([eventStream(chunkOf({ content: 'Yes.' }, 'stop'))]);
    await answer(model);
    expect(Object.keys(JSON.parse(server.requests[0]?.body.toString() ?? ''))).not.toContain('tools');
  });

  test('warms a model by a single token', async () => {
    const { server, model } = await setUpChat([eventStream(chunkOf({ content: '' }, 'length'), DONE)]);
    await model.warm(never);
    expect(JSON.parse(server.requests[0]?.body.toString() ?? '').max_tokens).toBe(1);
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
    const { server, model } = await setUpChat(script);
    await expect(answer(model)).rejects.toMatchObject({ code });
    expect(server.outcomes).toEqual(outcomes);
  });

  test.each<[string, Answer]>([
    ['a broken connection', breakAfter(eventsOf([hi]))],
    ['an error in the stream', chunks(eventsOf([hi, { error: { message: 'm' } }]))],
  ])('after the first words are not tried again: %s', async (_, first) => {
    const { server, model } = await setUpChat([first, eventStream(hi)]);
    const parts: ChatPart[] = [];
    await expect(async () => {
      for await (const part of model.chat(request, never)) parts.push(part);
    }).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(parts).toEqual([{ type: 'text', text: 'Hi' }]);
    expect(server.requests).toHaveLength(1);
  });

  test('tell their code and never the text, which may repeat what the caller said', async () => {
    const { model } = await setUpChat([
      status(400, { error: { code: 'bad_thing', type: 'with spaces in it', message: 'My name is Ann' } }),
    ]);
    const error = await answer(model).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ cause: { message: 'HTTP status 400 (bad_thing)' } });
  });

  test('that ask to be left alone are left alone that long', async () => {
    const { server, model } = await setUpChat([status(429, {}, { 'retry-after': '20' }), eventStream(hi)]);
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine_busy', retryAfterMs: 20_000 });
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine_resting' });
    expect(server.requests).toHaveLength(1);
  });

  test('keep-alives are no answer: the time for the first word goes on', async () => {
    const { server, model } = await setUpChat(
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
    const { model } = await setUpChat([(response) => void response.write(eventsOf([hi]))], {
      timeoutMs: 60_000,
      stallTimeoutMs: 40,
    });
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine_timeout' });
  });

  test('a server that hangs is left for the next model, which answers with its own', async () => {
    const first = await setUpChat([hang], { timeoutMs: 40 });
    const second = await setUpChat([eventStream(hi)]);
    const ladder = firstLanguageModel([first.model, second.model]);
    expect(await answer(ladder, never, { ...request, model: 'large' })).toContainEqual({
      type: 'text',
      text: 'Hi',
    });
    expect(JSON.parse(second.server.requests[0]?.body.toString() ?? '').model).toBe('default');
  });

  test('a conversation that is too long for one model is not given to the next', async () => {
    const first = await setUpChat([status(400, { error: { code: 'context_length_exceeded' } })]);
    const second = await setUpChat([eventStream(hi)]);
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
    const { server, model } = await setUpChat([
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
