import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { admitted, run } from '#runtime/testing/call-life.ts';
import { ConversationKeeper } from './conversation-keeper.ts';
import { type ConversationState, newConversation } from './conversation-state.ts';

let clock: FakeClock;
let kept: number[];
/** How many writes Redis refuses from now on. */
let refusals: number;
let keeper: ConversationKeeper;

const turn = (nextTurn: number): ConversationState => ({ ...newConversation('lead-capture'), nextTurn });

beforeEach(() => {
  clock = new FakeClock();
  kept = [];
  refusals = 0;
  const { call } = run(admitted);
  if (!call) throw new Error('no call');
  keeper = new ConversationKeeper({
    record: call.record,
    clock,
    log: silentLogger,
    store: {
      async keepConversation(_ref, _generation, { nextTurn }) {
        await clock.sleep(5);
        if (refusals-- > 0) throw new Error('Redis is away');
        kept.push(nextTurn);
        return true;
      },
    },
  });
});

describe('ConversationKeeper', () => {
  test('writes the newest of the states that came while one was being written', async () => {
    for (const nextTurn of [1, 2, 3]) keeper.note(turn(nextTurn));
    await clock.advance(100);
    expect(kept).toEqual([1, 3]);
    keeper.note(turn(4));
    await clock.advance(1);
    keeper.note(turn(5));
    keeper.note(turn(6));
    await clock.advance(100);
    expect(kept).toEqual([1, 3, 4, 6]);
  });

  test('offers a state that Redis refused until it takes it, without waiting for another', async () => {
    refusals = 5;
    keeper.note(turn(1));
    await clock.advance(10_000);
    expect(kept).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  test('offers the newest one then', async () => {
    refusals = 2;
    keeper.note(turn(1));
    await clock.advance(50);
    keeper.note(turn(2));
    await clock.advance(10_000);
    expect(kept).toEqual([2]);
  });

  test('gives up where the last state is waited for, which somebody else keeps, and begins anew with the next', async () => {
    refusals = Number.POSITIVE_INFINITY;
    keeper.note(turn(1));
    await clock.advance(500);
    await Promise.all([keeper.idle(), clock.advance(10)]);
    expect(clock.pending).toBe(0);
    refusals = 0;
    keeper.note(turn(2));
    await clock.advance(10_000);
    expect(kept).toEqual([2]);
  });
});
