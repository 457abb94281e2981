import { expect, test } from 'vitest';
import { toolsSchema } from '#crds/tenant/tool.ts';
import type { ToolOutcome } from './tool-outcome.ts';
import type { ToolRequest } from './tool-runner.ts';
import { ToolsOfCall } from './tools-of-call.ts';

const never = new AbortController().signal;
const tools = toolsSchema.parse([
  { name: 'book', description: 'Books.', url: 'https://tools.example.com/', parameters: [] },
  { name: 'look_up', description: 'Looks.', url: 'https://tools.example.com/', secretRef: { name: 'crm' } },
]);

function setUp() {
  const requests: ToolRequest[] = [];
  const outcomes: PromiseWithResolvers<ToolOutcome>[] = [];
  const runner = {
    run(request: ToolRequest) {
      requests.push(request);
      const outcome = Promise.withResolvers<ToolOutcome>();
      outcomes.push(outcome);
      return outcome.promise;
    },
  };
  const asked: string[] = [];
  const toolToken = async ({ name }: { readonly name: string }) => {
    asked.push(name);
    return `token-${asked.length}`;
  };
  const ofCall = new ToolsOfCall({ runner, callID: 'c-1', tools, toolToken });
  const call = (id: string, args = {}, signal = never) =>
    ofCall.call({ id, name: 'book', arguments: args }, signal);
  return { ofCall, call, requests, outcomes, asked };
}

const done: ToolOutcome = { kind: 'ok', text: 'Booked.' };

test('the model is told of the tools, and what they answer', async () => {
  const { ofCall, call, requests, outcomes } = setUp();
  expect(ofCall.definitions.map(({ name }) => name)).toEqual(['book', 'look_up']);
  const answer = call('call_1', { day: 'Monday' });
  outcomes[0]?.resolve(done);
  expect(await answer).toBe('Booked.');
  expect(requests).toEqual([
    { callID: 'c-1', tool: tools[0], call: { id: 'call_1', name: 'book', arguments: { day: 'Monday' } } },
  ]);
});

test('a tool that the tenant does not have is not called', async () => {
  const { ofCall, requests } = setUp();
  expect(await ofCall.call({ id: 'a', name: 'cancel', arguments: {} }, never)).toContain('no tool cancel');
  expect(requests).toEqual([]);
});

test('a tool with a secretRef is given its token as it is at each call, and no other has any', async () => {
  const { ofCall, requests, outcomes, asked } = setUp();
  for (const [index, name] of ['look_up', 'book', 'look_up'].entries()) {
    const answer = ofCall.call({ id: `call_${index}`, name, arguments: {} }, never);
    await Promise.resolve();
    await Promise.resolve();
    outcomes[index]?.resolve(done);
    await answer;
  }
  expect(requests.map(({ token }) => token)).toEqual(['token-1', undefined, 'token-2']);
  expect(asked).toEqual(['look_up', 'look_up']);
});

test('a tool that was interrupted works on, and its outcome is told when it is asked for again', async () => {
  const { call, requests, outcomes } = setUp();
  const abort = new AbortController();
  const reason = new Error('the caller spoke');
  const interrupted = call('call_1', { day: 'Monday' }, abort.signal);
  abort.abort(reason);
  await expect(interrupted).rejects.toBe(reason);
  const again = call('call_2', { day: 'Monday' });
  outcomes[0]?.resolve(done);
  expect(await again).toBe('Booked.');
  expect(requests).toHaveLength(1);
});

test('a tool whose outcome was told is called anew', async () => {
  const { call, requests, outcomes } = setUp();
  for (const index of [0, 1]) {
    const answer = call(`call_${index}`);
    outcomes[index]?.resolve(done);
    await answer;
  }
  expect(requests).toHaveLength(2);
});

test('a model that goes on calling what is never waited for is stopped', async () => {
  const { call, requests } = setUp();
  const abort = new AbortController();
  const calls = Array.from({ length: 16 }, (_, n) => call(`call_${n}`, { n }, abort.signal));
  abort.abort();
  await Promise.allSettled(calls);
  expect(await call('call_17', { n: 17 })).toContain('Too many');
  expect(requests).toHaveLength(16);
});
