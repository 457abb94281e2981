import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTelnyxStandIn, type TelnyxStandIn } from '../stand-in.ts';
import { TestingProduct } from '../testing-product.ts';

const NUMBER = '+12125550100';

describe('a call at the Telnyx stand-in', () => {
  let standIn: TelnyxStandIn;
  let product: TestingProduct;

  beforeEach(async () => {
    standIn = await startTelnyxStandIn({
      settings: {
        orderDelayMs: 0,
        commandDelayMs: 1,
        webhookDelayMs: 1,
        webhookRetryMs: 1,
        streamLossReportMs: 5,
      },
    });
    product = new TestingProduct(standIn);
    await product.start();
    await product.answerFor(NUMBER);
    await expect.poll(async () => (await product.telnyx.phoneNumbers.list()).data.length).toBe(1);
  });
  afterEach(async () => {
    product.stop();
    await standIn.stop();
  });

  async function ring(): Promise<{ id: string; control: string }> {
    const call = standIn.control.placeCall({ from: '+13125550111', to: NUMBER });
    await expect.poll(() => product.events).toContain('call.initiated');
    return { id: call.id, control: call.callControlID };
  }

  async function answered(): Promise<{ id: string; control: string }> {
    const call = await ring();
    await product.telnyx.calls.actions.answer(call.control, { command_id: 'answer' });
    await expect.poll(() => product.events).toContain('call.answered');
    return call;
  }

  function stream(control: string, extra: object = {}): Promise<unknown> {
    return product.telnyx.calls.actions.startStreaming(control, {
      stream_url: product.url('ws', '/media'),
      stream_bidirectional_mode: 'rtp',
      ...extra,
    });
  }

  test('its webhooks verify with the SDK and carry the documented keys', async () => {
    const call = await ring();
    const webhook = product.webhooks[0];
    const headers = Object.fromEntries(
      Object.entries(webhook?.headers ?? {}).map(([k, v]) => [k, String(v)]),
    );
    const event = await product.telnyx.webhooks.unwrap(webhook?.body ?? '', { headers });
    expect(event).toMatchObject({
      data: { event_type: 'call.initiated', record_type: 'event' },
      meta: { attempt: 1 },
    });
    expect(webhook?.payload).toEqual({
      call_control_id: call.control,
      call_leg_id: call.id,
      call_session_id: expect.any(String),
      connection_id: expect.any(String),
      client_state: null,
      from: '+13125550111',
      to: NUMBER,
      direction: 'incoming',
      state: 'parked',
      start_time: expect.any(String),
      caller_id_name: '+13125550111',
      shaken_stir_attestation: 'A',
      tags: [],
    });
    const forged = { ...headers, 'telnyx-signature-ed25519': Buffer.alloc(64).toString('base64') };
    await expect(product.telnyx.webhooks.unwrap(webhook?.body ?? '', { headers: forged })).rejects.toThrow();
  });

  test('from ring to hang-up the events come as at Telnyx, with client_state on all that follow', async () => {
    const call = await ring();
    const state = Buffer.from('tenant').toString('base64');
    await product.telnyx.calls.actions.answer(call.control, { client_state: state });
    await expect.poll(() => product.events).toContain('call.answered');
    await stream(call.control, { stream_auth_token: 'secret' });
    await expect.poll(() => product.events).toContain('streaming.started');
    expect(product.sockets[0]?.headers['x-telnyx-streaming-auth-token']).toBe('secret');
    standIn.control.callerHangsUp(call.id);
    await expect.poll(() => product.events).toContain('streaming.stopped');
    expect(product.events.toSorted()).toEqual([
      'call.answered',
      'call.hangup',
      'call.initiated',
      'streaming.started',
      'streaming.stopped',
    ]);
    const hangup = product.webhooks.find(({ eventType }) => eventType === 'call.hangup');
    expect(hangup?.payload).toMatchObject({
      client_state: state,
      hangup_cause: 'normal_clearing',
      hangup_source: 'caller',
      state: 'hangup',
    });
    await expect.poll(() => product.sockets[0]?.frames.at(-1)?.event).toBe('stop');
    const status = await product.telnyx.calls.retrieveStatus(call.control);
    expect(status.data).toMatchObject({ is_alive: false });
  });

  test.each([
    ['streaming_start before the answer', 'streaming_start', { stream_url: 'ws://x/' }, '90034'],
    ['speak before the answer', 'speak', { payload: 'Hello', voice: 'female' }, '90034'],
    ['a field that is not documented for it', 'answer', { stream_auth_token: 'x' }, '10015'],
    ['an http stream_url', 'streaming_start', { stream_url: 'http://x/' }, '10015'],
    ['a wrong reject cause', 'reject', { cause: 'BUSY' }, '10015'],
  ])('%s is refused with 422', async (...[, action, body, code]) => {
    const call = await ring();
    const reply = await fetch(`${standIn.url}/calls/${call.control}/actions/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${standIn.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(reply.status).toBe(422);
    expect(await reply.json()).toMatchObject({ errors: [{ code }] });
  });

  test('a command to an ended call gets 90018, and an unknown one 90015', async () => {
    const call = await ring();
    await product.telnyx.calls.actions.reject(call.control, { cause: 'USER_BUSY' });
    await expect(product.telnyx.calls.actions.hangup(call.control, {})).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '90018' }] },
    });
    await expect(product.telnyx.calls.actions.hangup('v3:nothing', {})).rejects.toMatchObject({
      error: { errors: [{ code: '90015' }] },
    });
    expect(standIn.control.call(call.id)).toMatchObject({ hangupCause: 'user_busy', sipHangupCause: '486' });
  });

  test('the same command_id acts once; a refused command may be sent again', async () => {
    const call = await answered();
    await product.telnyx.calls.actions.answer(call.control, { command_id: 'answer' });
    await expect(
      product.telnyx.calls.actions.answer(call.control, { command_id: 'other' }),
    ).rejects.toMatchObject({
      status: 422,
    });
    expect(standIn.control.call(call.id).events.map(({ event }) => event)).toContain(
      'repeat of answer dropped',
    );
  });

  test('a call has one stream, and a stopped one makes place for the next', async () => {
    const call = await answered();
    await stream(call.control, { command_id: 'one' });
    await expect(stream(call.control, { command_id: 'two' })).rejects.toMatchObject({ status: 422 });
    await product.telnyx.calls.actions.stopStreaming(call.control, {});
    await stream(call.control, { command_id: 'two' });
    await expect.poll(() => product.events.filter((event) => event === 'streaming.started')).toHaveLength(2);
  });

  test.each([
    ['PCMU', 16_000],
    ['PCMA', 24_000],
    ['G722', 16_000],
    ['AMR-WB', 16_000],
    ['OPUS', 22_050],
  ] as const)('%s at %i Hz is refused', async (codec, rate) => {
    const call = await answered();
    const started = stream(call.control, {
      stream_bidirectional_codec: codec,
      stream_bidirectional_sampling_rate: rate,
    });
    await expect(started).rejects.toMatchObject({ status: 422 });
  });

  test.each([
    ['closed in order', (): void => product.sockets[0]?.socket.close(1000), 'streaming.stopped'],
    ['cut', (): void => product.sockets[0]?.socket.terminate(), 'streaming.failed'],
  ])('a socket %s ends the stream with %#, and the call lives on', async (_name, end, event) => {
    const call = await answered();
    await stream(call.control);
    await expect.poll(() => product.events).toContain('streaming.started');
    end();
    await expect.poll(() => product.events).toContain(event);
    expect(standIn.control.call(call.id).state).toBe('answered');
    await stream(call.control);
  });

  test('a webhook that is refused comes again with the same id, six times in all', async () => {
    product.webhookStatus = 500;
    const call = standIn.control.placeCall({ from: '+13125550111', to: NUMBER });
    await expect.poll(() => standIn.control.call(call.id).webhooks.length).toBe(6);
    expect(new Set(product.webhooks.map(({ eventID }) => eventID)).size).toBe(1);
    expect(standIn.control.call(call.id).webhooks.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a webhook can be doubled and dropped by faults', async () => {
    standIn.control.faults.add({ at: 'webhook call.initiated', fault: { kind: 'duplicate', times: 3 } });
    standIn.control.faults.add({ at: 'webhook call.hangup', fault: { kind: 'drop' } });
    const call = await ring();
    await expect.poll(() => product.events).toHaveLength(3);
    standIn.control.callerHangsUp(call.id);
    const hangup = standIn.control.call(call.id).webhooks.at(-1);
    expect(hangup).toMatchObject({ eventType: 'call.hangup', result: 'dropped by a fault' });
  });

  test('a number without a connection is not found, and tells nobody', () => {
    const call = standIn.control.placeCall({ from: '+13125550111', to: '+12125550199' });
    expect(call).toMatchObject({
      state: 'ended',
      hangupCause: 'not_found',
      sipHangupCause: '404',
      webhooks: [],
    });
  });

  test('a caller who hangs up while it rings gives originator_cancel', async () => {
    const call = await ring();
    standIn.control.callerHangsUp(call.id);
    expect(standIn.control.call(call.id)).toMatchObject({ hangupCause: 'originator_cancel' });
  });

  test('a transfer that is answered bridges, and one that is busy leaves the call with the agent', async () => {
    const call = await answered();
    standIn.control.setDestination('+13125550122', { kind: 'busy' });
    await product.telnyx.calls.actions.transfer(call.control, { to: '+13125550122' });
    await expect.poll(() => product.events).toContain('call.hangup');
    expect(standIn.control.call(call.id).state).toBe('answered');
    standIn.control.setDestination('+13125550133', { kind: 'answers', afterMs: 0 });
    await product.telnyx.calls.actions.transfer(call.control, { to: '+13125550133' });
    await expect.poll(() => product.events.filter((event) => event === 'call.bridged')).toHaveLength(2);
    standIn.control.callerHangsUp(call.id);
    expect(standIn.control.calls().map(({ state }) => state)).toEqual(['ended', 'ended', 'ended']);
  });

  test('active calls are listed by connection', async () => {
    const call = await ring();
    const connection = standIn.control.call(call.id).connectionID;
    const active = await product.telnyx.connections.listActiveCalls(connection);
    expect(active.data.map(({ call_control_id }) => call_control_id)).toEqual([call.control]);
  });

  test('the control API places calls over HTTP and shows its ledger', async () => {
    const placed = await fetch(`${standIn.controlURL}/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from: '+13125550111', to: NUMBER }),
    });
    expect(placed.status).toBe(201);
    const { id } = (await placed.json()) as { id: string };
    expect(await (await fetch(`${standIn.controlURL}/calls/${id}`)).json()).toMatchObject({
      id,
      state: 'parked',
    });
    const wrong = await fetch(`${standIn.controlURL}/calls`, { method: 'POST', body: '{}' });
    expect(wrong.status).toBe(422);
  });
});
