import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from '../calls/caller.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '../stand-in.ts';
import { TestingProduct } from '../testing-product.ts';

const NUMBER = '+12125550100';

/** A caller who hums a constant level, and keeps what is heard. */
class HummingCaller implements Caller {
  readonly heard: Int16Array[] = [];

  speak(): Int16Array {
    return new Int16Array(320).fill(1_000);
  }

  hear(audio: Int16Array | undefined): void {
    if (audio) this.heard.push(audio);
  }

  ended(): void {
    this.heard.length = 0;
  }

  report(): unknown {
    return { kind: 'humming' };
  }

  get loudest(): number {
    return Math.max(0, ...this.heard.flatMap((frame) => [...frame]));
  }
}

describe('the media socket of the Telnyx stand-in', () => {
  let standIn: TelnyxStandIn;
  let product: TestingProduct;
  let caller: HummingCaller;
  let control: string;
  let id: string;
  let recordingFolder: string;

  beforeEach(async () => {
    recordingFolder = await mkdtemp(join(tmpdir(), 'veralux-recordings-'));
    caller = new HummingCaller();
    standIn = await startTelnyxStandIn({
      settings: { orderDelayMs: 0, commandDelayMs: 0, webhookDelayMs: 0 },
      openCaller: () => caller,
      recordingFolder,
    });
    product = new TestingProduct(standIn);
    await product.start();
    await product.answerFor(NUMBER);
    await expect.poll(async () => (await product.telnyx.phoneNumbers.list()).data.length).toBe(1);
    const call = standIn.control.placeCall({ from: '+13125550111', to: NUMBER });
    ({ id, callControlID: control } = call);
    await product.telnyx.calls.actions.answer(control, {});
  });
  afterEach(async () => {
    product.stop();
    await standIn.stop();
    await rm(recordingFolder, { recursive: true });
  });

  async function open(
    body: object = {},
  ): Promise<{ send: (message: object | string) => void; frames: object[] }> {
    await product.telnyx.calls.actions.startStreaming(control, {
      stream_url: product.url('ws', '/media'),
      stream_bidirectional_mode: 'rtp',
      ...body,
    });
    await expect.poll(() => product.sockets.length).toBe(1);
    const [connection] = product.sockets;
    if (!connection) throw new Error('no socket was opened');
    const send = (message: object | string) =>
      connection.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    return { send, frames: connection.frames };
  }

  const media = (payload: Buffer) => ({ event: 'media', media: { payload: payload.toString('base64') } });
  const streamRecord = () => standIn.control.call(id).streams[0];

  test('connected, start and numbered frames of 20 ms come in their documented shape', async () => {
    const { frames } = await open({
      stream_bidirectional_codec: 'L16',
      stream_bidirectional_sampling_rate: 16_000,
      custom_parameters: [{ name: 'generation', value: '7' }],
    });
    await expect.poll(() => frames.length).toBeGreaterThan(4);
    expect(frames[0]).toEqual({ event: 'connected', version: '1.0.0' });
    expect(frames[1]).toEqual({
      event: 'start',
      sequence_number: '1',
      stream_id: expect.any(String),
      start: {
        user_id: expect.any(String),
        call_control_id: control,
        call_session_id: expect.any(String),
        from: '+13125550111',
        to: NUMBER,
        client_state: null,
        custom_parameters: { generation: '7' },
        media_format: { encoding: 'L16', sample_rate: 16_000, channels: 1 },
      },
    });
    expect(frames[2]).toMatchObject({
      event: 'media',
      sequence_number: '2',
      media: { track: 'inbound', chunk: '1', timestamp: expect.stringMatching(/^\d+$/) },
    });
    const payloads = (frames.slice(2) as { media: { payload: string } }[]).map((frame) =>
      Buffer.from(frame.media.payload, 'base64'),
    );
    expect(payloads[0]).toHaveLength(640);
    expect(payloads[0]?.readInt16BE(0)).toBe(1_000);
  });

  test('what the agent sends is heard, and a mark after it returns', async () => {
    const { send, frames } = await open();
    // Mu-law 0x80 is the loudest positive value.
    send(media(Buffer.alloc(800, 0x80)));
    send({ event: 'mark', mark: { name: 'end' } });
    await expect
      .poll(() => frames)
      .toContainEqual(expect.objectContaining({ event: 'mark', mark: { name: 'end' } }));
    expect(caller.loudest).toBeGreaterThan(30_000);
    expect(streamRecord()).toMatchObject({ playedMs: 100, marksPlayed: 1, errors: [], faults: [] });
  });

  test('clear returns the queued marks and nothing more is heard of the queue', async () => {
    const { send, frames } = await open();
    send(media(Buffer.alloc(8_000, 0x80)));
    send({ event: 'mark', mark: { name: 'end' } });
    send({ event: 'clear' });
    await expect.poll(() => frames).toContainEqual(expect.objectContaining({ event: 'mark' }));
    expect(streamRecord()).toMatchObject({ marksCleared: 1, marksPlayed: 0 });
    expect(streamRecord()?.playedMs).toBeLessThan(1_000);
  });

  test.each([
    ['not JSON', 'hello', '100003'],
    ['an unknown event', { event: 'greeting' }, '100003'],
    ['a payload that is not base64', { event: 'media', media: { payload: '!' } }, '100004'],
    ['less than 20 ms', media(Buffer.alloc(159)), '100004'],
    ['more than 30 s', media(Buffer.alloc(8_000 * 30 + 1)), '100004'],
  ])('%s earns an error frame', async (_name, message, code) => {
    const { send, frames } = await open();
    send(message);
    await expect
      .poll(() => frames)
      .toContainEqual(
        expect.objectContaining({ event: 'error', payload: expect.objectContaining({ code }) }),
      );
    expect(caller.loudest).toBe(0);
  });

  test.each([
    [
      'in the default mp3 mode',
      { stream_bidirectional_mode: 'mp3' },
      'media was sent to a stream in mp3 mode',
    ],
    [
      'towards legs that do not reach the caller',
      { stream_bidirectional_target_legs: 'self' },
      'media was sent to target legs (self) that do not reach the caller',
    ],
  ])('a stream %s is silent for the caller, and the ledger says why', async (_name, body, fault) => {
    standIn.control.change({ audibleTargetLegs: ['opposite', 'both'] });
    const { send } = await open(body);
    send(media(Buffer.alloc(800, 0x80)));
    await expect.poll(() => streamRecord()?.faults).toEqual([fault]);
    expect(caller.loudest).toBe(0);
  });

  test('a PCMA leg is announced as PCMA whatever was asked for', async () => {
    standIn.control.change({ legCodec: 'PCMA' });
    const { frames } = await open();
    await expect
      .poll(() => frames[1])
      .toMatchObject({ start: { media_format: { encoding: 'PCMA', sample_rate: 8_000 } } });
  });

  test('withheld frames come at once afterwards, and none is lost', async () => {
    standIn.control.faults.add({ at: 'stream', fault: { kind: 'gap', gapMs: 200 }, after: 5 });
    const { frames } = await open();
    await expect.poll(() => frames.length).toBeGreaterThan(20);
    const chunks = (frames as { media?: { chunk: string; timestamp: string } }[]).flatMap((frame) =>
      frame.media ? [Number(frame.media.chunk)] : [],
    );
    expect(chunks).toEqual(chunks.map((_chunk, index) => index + 1));
  });

  test('a key press reaches the socket and the webhook', async () => {
    const { frames } = await open();
    await expect.poll(() => frames.length).toBeGreaterThan(1);
    standIn.control.press(id, '5');
    await expect
      .poll(() => frames)
      .toContainEqual(expect.objectContaining({ event: 'dtmf', dtmf: { digit: '5' } }));
    await expect.poll(() => product.events).toContain('call.dtmf.received');
  });

  test('a socket cut by a fault is reported as failed, with its reason', async () => {
    standIn.control.change({ streamLossReportMs: 0 });
    standIn.control.faults.add({ at: 'stream', fault: { kind: 'breakSocket' } });
    await open();
    await expect.poll(() => product.events).toContain('streaming.failed');
    const failed = product.webhooks.find(({ eventType }) => eventType === 'streaming.failed');
    expect(failed?.payload).toMatchObject({
      failure_reason: expect.any(String),
      stream_id: expect.any(String),
      stream_params: { track: 'inbound_track' },
    });
  });

  test('a socket that goes silent is neither written to nor closed, until its stream is stopped', async () => {
    standIn.control.faults.add({ at: 'stream', fault: { kind: 'goSilent' }, after: 3 });
    const { frames } = await open();
    const socket = product.sockets[0]?.socket;
    await expect.poll(() => streamRecord()?.framesSent).toBe(3);
    const before = frames.length;
    const upMs = standIn.control.ledgerOf(id).upMs;
    await expect.poll(() => standIn.control.ledgerOf(id).upMs).toBeGreaterThan(upMs + 300);
    expect([streamRecord()?.framesSent, frames.length, socket?.readyState]).toEqual([
      3,
      before,
      WebSocket.OPEN,
    ]);
    standIn.control.callerHangsUp(id);
    await expect.poll(() => socket?.readyState).not.toBe(WebSocket.OPEN);
  });

  test('an answered call is recorded, the caller on the left and the agent on the right', async () => {
    const { send, frames } = await open();
    send(media(Buffer.alloc(800, 0x80)));
    send({ event: 'mark', mark: { name: 'end' } });
    await expect.poll(() => frames).toContainEqual(expect.objectContaining({ event: 'mark' }));
    standIn.control.callerHangsUp(id);
    const wav = await readFile(standIn.control.call(id).recording ?? '');
    expect([wav.readUInt16LE(22), wav.readUInt32LE(24)]).toEqual([2, 16_000]);
    expect(wav.readUInt32LE(40)).toBe(wav.length - 44);
    const side = (first: number) => {
      const samples: number[] = [];
      for (let at = 44 + first; at < wav.length; at += 4) samples.push(wav.readInt16LE(at));
      return samples;
    };
    expect(new Set(side(0))).toEqual(new Set([1_000]));
    expect(Math.max(...side(2))).toBeGreaterThan(30_000);
  });
});
