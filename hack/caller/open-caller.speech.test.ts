import { expect, test } from 'vitest';
import { startTelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { TestingProduct } from '#hack/standins/telnyx/testing-product.ts';
import { createCallerSpeech, createOpenCaller } from './open-caller.ts';

const NUMBER = '+12125550100';
const RATE_HZ = 16_000;

test('a scripted caller and an agent understand each other over a real media socket', async () => {
  const path = process.env['PATH'] ?? '';
  const standIn = await startTelnyxStandIn({
    settings: { orderDelayMs: 0, commandDelayMs: 0, webhookDelayMs: 0 },
    openCaller: createOpenCaller(path),
  });
  const product = new TestingProduct(standIn);
  const speech = createCallerSpeech(path);
  const { signal } = new AbortController();
  try {
    await product.start();
    await product.answerFor(NUMBER);
    await expect.poll(async () => (await product.telnyx.phoneNumbers.list()).data.length).toBe(1);
    const call = standIn.control.placeCall({
      from: '+13125550111',
      to: NUMBER,
      caller: { kind: 'script', steps: [{ expect: ['name'], say: 'My name is John Smith' }] },
    });
    await product.telnyx.calls.actions.answer(call.callControlID, {});
    await product.telnyx.calls.actions.startStreaming(call.callControlID, {
      stream_url: product.url('ws', '/media'),
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'L16',
      stream_bidirectional_sampling_rate: RATE_HZ,
    });
    await expect.poll(() => product.sockets.length).toBe(1);
    const [connection] = product.sockets;
    const say = async (text: string) => {
      const samples = await speech.synthesise(text, 'slt', signal);
      const payload = Buffer.from(samples.slice().buffer).swap16();
      connection?.socket.send(
        JSON.stringify({ event: 'media', media: { payload: payload.toString('base64') } }),
      );
    };
    const report = () =>
      standIn.control.call(call.id).caller as { said: object[]; heard: { text: string }[] };

    await say('Hello. May I have your name please?');
    await expect.poll(() => report().said.length, { timeout: 30_000 }).toBe(1);
    const before = connection?.frames.length ?? 0;
    await expect
      .poll(() => (connection?.frames.length ?? 0) - before, { timeout: 10_000 })
      .toBeGreaterThan(110);
    const frames = (connection?.frames ?? []) as unknown as { media?: { payload: string } }[];
    const audio = Buffer.concat(
      frames.slice(before - 5).map((frame) => Buffer.from(frame.media?.payload ?? '', 'base64')),
    );
    const samples = Int16Array.from({ length: audio.length / 2 }, (_, i) => audio.readInt16BE(i * 2));
    expect(await speech.recognise(samples, signal)).toBe('my name is john smith');

    await say('Thank you. Goodbye.');
    await expect.poll(() => standIn.control.call(call.id).state, { timeout: 30_000 }).toBe('ended');
    expect(standIn.control.call(call.id)).toMatchObject({
      hangupSource: 'caller',
      caller: { endedBecause: 'the agent said goodbye', problems: [] },
    });
    expect(report().heard[0]?.text).toContain('name');
  } finally {
    product.stop();
    await standIn.stop();
  }
}, 90_000);
