import { expect, test } from 'vitest';
import { TurnTimes } from './turn-times.ts';

test('a reply counts from the last words to the first audio after them, and only once', () => {
  const turns = new TurnTimes();
  turns.sent(true, false, 100);
  turns.agentAudio(150);
  turns.sent(false, false, 1_000);
  turns.agentAudio(1_800);
  turns.agentAudio(1_820);
  expect(turns.repliesMs).toEqual([800]);
});

test('no reply is what was queued before the caller had ended, or came after the next words', () => {
  const turns = new TurnTimes();
  turns.sent(true, true, 0);
  turns.sent(false, true, 500);
  turns.agentAudio(700);
  turns.sent(true, false, 2_000);
  turns.sent(false, false, 2_500);
  turns.sent(true, false, 3_000);
  turns.agentAudio(3_100);
  expect(turns.repliesMs).toEqual([]);
});

test('an interruption counts from the first words over the agent to its clear, while the caller goes on', () => {
  const turns = new TurnTimes();
  turns.sent(true, true, 1_000);
  turns.cleared(1_400);
  turns.cleared(1_500);
  turns.sent(false, false, 2_000);
  turns.sent(true, true, 3_000);
  turns.sent(false, true, 3_200);
  turns.cleared(3_300);
  turns.sent(true, false, 4_000);
  turns.cleared(4_300);
  expect(turns.clearsMs).toEqual([400]);
});
