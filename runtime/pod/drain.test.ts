import { beforeEach, expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { Drain, type DrainOptions, type MovableCall } from './drain.ts';

type Reservation = Awaited<ReturnType<DrainOptions['slots']['reserve']>>;
const NONE: Reservation = { outcome: 'PodsFull', pod: undefined };

const reserve = vi.fn<DrainOptions['slots']['reserve']>();
const release = vi.fn<DrainOptions['slots']['release']>();
let clock: FakeClock;
let calls: CallInTest[];
let draining: Promise<void>;
let ending: AbortController;

/** A call that leaves the pod when it is given away. */
class CallInTest implements MovableCall {
  readonly callID: string;
  paused: boolean;
  readonly movable = true;
  readonly giveAway = vi.fn(async (_to: string) => this.#leave());
  readonly breakOff = vi.fn(async (_to: string) => this.#leave());

  constructor(callID: string, { paused }: { paused: boolean }) {
    this.callID = callID;
    this.paused = paused;
  }

  get ref() {
    return { tenantID: 'tenant', callID: this.callID };
  }

  #leave(): boolean {
    calls = calls.filter((call) => call !== this);
    return true;
  }
}

beforeEach(() => {
  vi.resetAllMocks();
  clock = new FakeClock();
  calls = [];
  ending = new AbortController();
  reserve.mockResolvedValue(roomOn('b'));
});

function roomOn(pod: string): Reservation {
  const heartbeat = { pod, runtime: 'r', state: 'Serving', mediaURL: 'ws://b', slots: 9, calls: 0, at: 0 };
  return { outcome: 'Reserved', pod: heartbeat } as Reservation;
}

function drain(): void {
  const live = {
    get size() {
      return calls.length;
    },
    all: () => calls,
    empty: () => new Promise<void>(() => undefined),
  };
  const log = silentLogger;
  draining = new Drain({ pod: 'a', live, slots: { reserve, release }, log, clock }).run(ending.signal);
}

async function end(): Promise<void> {
  ending.abort();
  await clock.advance(100);
  await draining;
}

test('a call is given to a pod that has room at its first pause, and not before', async () => {
  const call = new CallInTest('one', { paused: false });
  calls = [call];
  drain();
  await clock.advance(5_000);
  expect(reserve).not.toHaveBeenCalled();
  call.paused = true;
  await clock.advance(100);
  expect(call.giveAway).toHaveBeenCalledExactlyOnceWith('b');
  await draining;
});

test('a pod that only knows of itself, as while Redis is away, keeps its calls', async () => {
  const call = new CallInTest('one', { paused: true });
  calls = [call];
  reserve.mockResolvedValue(roomOn('a'));
  drain();
  await clock.advance(120_000);
  expect(call.giveAway).not.toHaveBeenCalled();
  expect(call.breakOff).not.toHaveBeenCalled();
  await end();
});

test('a call that cannot be given away holds up no other', async () => {
  const stuck = Array.from({ length: 4 }, (_, index) => new CallInTest(`stuck-${index}`, { paused: true }));
  for (const call of stuck) call.giveAway.mockRejectedValue(new Error('its shard is away'));
  const other = new CallInTest('other', { paused: true });
  calls = [...stuck, other];
  drain();
  await clock.advance(500);
  expect(other.giveAway).toHaveBeenCalledOnce();
  expect(stuck[0]?.giveAway).toHaveBeenCalledOnce();
  await clock.advance(1_000);
  expect(stuck[0]?.giveAway).toHaveBeenCalledTimes(2);
  await end();
});

test('a call that makes no pause is broken off 45 s after there was room for another, and paused ones go first', async () => {
  const talker = new CallInTest('talker', { paused: false });
  const other = new CallInTest('other', { paused: true });
  calls = [talker, other];
  reserve.mockResolvedValue(NONE);
  drain();
  await clock.advance(100_000);
  expect(talker.breakOff).not.toHaveBeenCalled();
  reserve.mockResolvedValue(roomOn('b'));
  await clock.advance(40_000);
  expect(other.giveAway).toHaveBeenCalledOnce();
  expect(talker.breakOff).not.toHaveBeenCalled();
  await clock.advance(10_000);
  expect(talker.breakOff).toHaveBeenCalledExactlyOnceWith('b');
  await draining;
});

test.each([
  ['the caller speaks', (call: CallInTest) => call.giveAway.mockResolvedValueOnce(false)],
  ['that could not be stored', (call: CallInTest) => call.giveAway.mockRejectedValueOnce(new Error('away'))],
])('a slot that was not needed after all, because %s, is given back', async (_why, fail) => {
  const call = new CallInTest('one', { paused: true });
  fail(call);
  calls = [call];
  drain();
  await clock.advance(60);
  expect(release).toHaveBeenCalledExactlyOnceWith('b', call.ref);
  release.mockRejectedValue(new Error('away'));
  await clock.advance(2_000);
  await draining;
});
