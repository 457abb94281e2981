import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import type { AudioEncoder } from './audio-codec.ts';
import { Playout } from './playout.ts';
import { openCoders } from './testing/open-coders.ts';

interface Sent {
  readonly atMs: number;
  readonly event: string;
  readonly media?: { payload: string };
  readonly mark?: { name: string };
}

const { encoder: pcmu } = await openCoders('PCMU', 8_000);

function setUp(
  options: { leadMs?: number; maxQueuedMs?: number; strained?: boolean; encoder?: AudioEncoder } = {},
) {
  const clock = new FakeClock(0);
  const sent: Sent[] = [];
  const stalls: number[] = [];
  const socket = {
    bufferedAmount: 0,
    readyState: 1,
    send: (data: string) => sent.push({ ...JSON.parse(data), atMs: clock.monotonic() }),
    close: () => {},
    on: () => {},
  };
  const playout = new Playout({
    socket,
    encoder: options.encoder ?? pcmu,
    clock,
    generation: 7,
    leadMs: options.leadMs ?? 200,
    load: { strained: options.strained ?? false },
    maxQueuedMs: options.maxQueuedMs ?? 60_000,
    onStalled: () => stalls.push(clock.monotonic()),
  });
  const marks = () => sent.flatMap(({ mark }) => (mark ? [mark.name] : []));
  const media = () => sent.filter(({ event }) => event === 'media');
  const messages = () => media().map(({ atMs, media }) => ({ atMs, ms: payloadOf(media).length / 8 }));
  const sentMs = () => messages().reduce((sum, { ms }) => sum + ms, 0);
  return { clock, socket, playout, sent, marks, media, messages, sentMs, stalls };
}

function payloadOf(media: Sent['media']): Buffer {
  return Buffer.from(media?.payload ?? '', 'base64');
}

function audio(ms: number): Int16Array {
  return new Int16Array(ms * 8).fill(1_000);
}

describe('the playout', () => {
  test('gives each packet that cannot be joined a message of its own', async () => {
    const { clock, playout, messages, marks } = setUp({ encoder: { ...pcmu, canJoin: false } });
    playout.begin();
    await playout.write(audio(1_000));
    await clock.advance(2_000);
    expect(messages()).toHaveLength(50);
    expect(messages().every(({ ms }) => ms === 20)).toBe(true);
    expect(marks()).toEqual(['7/0/0', '7/0/1']);
  });

  test('sends a lead of 200 ms as one message, and then 60 ms every 60 ms', async () => {
    const { clock, playout, messages } = setUp();
    playout.begin();
    await playout.write(audio(1_000));
    expect(messages()).toEqual([{ atMs: 0, ms: 200 }]);
    await clock.advance(2_000);
    const inAll = messages().reduce((sum, { ms }) => sum + ms, 0);
    expect(inAll).toBe(1_000);
    // A mark parts the message that it falls into.
    expect(messages().slice(1, 7)).toEqual([
      { atMs: 60, ms: 60 },
      { atMs: 120, ms: 60 },
      { atMs: 180, ms: 60 },
      { atMs: 240, ms: 20 },
      { atMs: 240, ms: 40 },
      { atMs: 300, ms: 60 },
    ]);
    playout.close();
    expect(clock.pending).toBe(0);
  });

  test('of a strained pod sends further ahead and less often', async () => {
    const { clock, playout, messages, marks } = setUp({ strained: true });
    playout.begin();
    await playout.write(audio(1_000));
    expect(messages()).toEqual([{ atMs: 0, ms: 240 }]);
    void playout.end();
    await clock.advance(2_000);
    expect(messages().slice(1, 4)).toEqual([80, 160, 240].map((atMs) => ({ atMs, ms: 80 })));
    expect(marks()).toEqual(['7/0/0', '7/0/1', '7/0/2']);
    playout.close();
  });

  test('marks every 400 ms of audio exactly, however far ahead it is sent', async () => {
    const { playout, sent } = setUp({ leadMs: 1_200 });
    playout.begin();
    await playout.write(audio(1_200));
    const told = sent.map(({ event, media }) => (media ? payloadOf(media).length / 8 : event));
    expect(told).toEqual([240, 160, 'mark', 240, 160, 'mark', 240, 160, 'mark']);
    playout.close();
  });

  test('marks each 400 ms and the end, stamped with generation and utterance', async () => {
    const { clock, playout, marks, sent } = setUp();
    playout.begin();
    await playout.write(audio(1_000));
    void playout.end();
    await clock.advance(1_000);
    expect(marks()).toEqual(['7/0/0', '7/0/1', '7/0/2']);
    expect(sent.at(-1)?.mark?.name).toBe('7/0/2');
    playout.close();
  });

  test('carries tails from one write to the next and pads only the last', async () => {
    const { clock, playout, media } = setUp();
    playout.begin();
    for (let i = 0; i < 7; i++) await playout.write(audio(5));
    void playout.end();
    await clock.advance(100);
    const frames = media().map((frame) => payloadOf(frame.media));
    expect(frames.map((frame) => frame.length)).toEqual([160, 160]);
    expect(frames[1]?.subarray(120).every((code) => code === 0xff)).toBe(true);
    expect(frames[1]?.subarray(0, 120).includes(0xff)).toBe(false);
    playout.close();
  });

  test('the end has come when the last mark is back', async () => {
    const { clock, playout, marks } = setUp();
    playout.begin();
    await playout.write(audio(300));
    let over = false;
    void playout.end().finally(() => {
      over = true;
    });
    await clock.advance(300);
    expect(over).toBe(false);
    playout.marked(marks().at(-1) ?? '');
    await clock.advance(0);
    expect(over).toBe(true);
    expect(playout.heardMs()).toBe(300);
    expect(clock.pending).toBe(0);
  });

  test('a last mark that never comes back is not waited for for ever', async () => {
    const { clock, playout } = setUp();
    playout.begin();
    await playout.write(audio(300));
    const end = playout.end();
    await clock.advance(1_800);
    await end;
    expect(clock.pending).toBe(0);
  });

  test('marks returned by a clear are not heard audio, nor are those of another stream', async () => {
    const { clock, playout, marks, sent } = setUp();
    playout.begin();
    await playout.write(audio(2_000));
    await clock.advance(700);
    playout.marked('7/0/0');
    playout.marked('6/0/1');
    playout.marked('bad');
    await clock.advance(100);
    expect(playout.clear()).toBe(500);
    expect(sent.at(-1)?.event).toBe('clear');
    const ofTheFirst = marks();
    playout.begin();
    await playout.write(audio(1_000));
    await clock.advance(250);
    expect(marks()).toContain('7/1/0');
    for (const name of ofTheFirst) playout.marked(name);
    expect(playout.heardMs()).toBe(250);
    playout.close();
  });

  test('a clear wakes the writer and ends the utterance', async () => {
    const { clock, playout, sentMs } = setUp({ maxQueuedMs: 400 });
    playout.begin();
    let written = false;
    void playout.write(audio(2_000)).finally(() => {
      written = true;
    });
    await clock.advance(0);
    expect(written).toBe(false);
    playout.clear();
    await clock.advance(5_000);
    expect(written).toBe(true);
    expect(sentMs()).toBe(200);
    expect(clock.pending).toBe(0);
  });

  test('an empty utterance ends', async () => {
    const { clock, playout, marks } = setUp();
    playout.begin();
    const end = playout.end();
    playout.marked(marks()[0] ?? '');
    await end;
    expect(clock.pending).toBe(0);
  });

  test('sends nothing while the socket is congested, and reports it when that lasts 5 s', async () => {
    const { clock, socket, playout, media, sentMs, stalls } = setUp();
    socket.bufferedAmount = 300 * 1024;
    playout.begin();
    await playout.write(audio(1_000));
    await clock.advance(1_000);
    expect(media()).toHaveLength(0);
    socket.bufferedAmount = 0;
    await clock.advance(1_000);
    expect(sentMs()).toBe(1_000);
    socket.bufferedAmount = 300 * 1024;
    await playout.write(audio(1_000));
    await clock.advance(6_000);
    expect(stalls).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('counts audio that came too late for the caller not to notice', async () => {
    const { clock, playout } = setUp();
    playout.begin();
    await playout.write(audio(100));
    await clock.advance(500);
    await playout.write(audio(100));
    expect(playout.underruns).toBe(1);
    playout.close();
  });

  test('counts no audio as late that follows a pause of the utterance itself', async () => {
    const { clock, playout } = setUp();
    playout.begin();
    await playout.write(audio(100));
    await clock.advance(500);
    playout.rest();
    await playout.write(audio(100));
    expect(playout.underruns).toBe(0);
    await clock.advance(500);
    await playout.write(audio(100));
    expect(playout.underruns).toBe(1);
    playout.close();
  });
});
