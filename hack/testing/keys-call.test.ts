import { afterEach, expect, test } from 'vitest';
import { openSilentCaller } from '#hack/standins/telnyx/calls/caller.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { profile } from '#runtime/voice/fakes/call-in-test.ts';
import { scriptedEngines } from '#runtime/voice/fakes/scripted-engines.ts';
import { contextOf, type MediaCall, placeMediaCall } from './media-call.ts';

let call: MediaCall | undefined;

afterEach(() => call?.stop());

test('a number that a caller enters by keys is taken down, though the carrier tells of keys late and twice', async () => {
  const turns: string[] = [];
  const asksNumber = { ...newConversation('lead-capture'), phase: 'Collecting', asking: 'phone' } as const;
  const events = {
    turn: (turn: { speaker: string; text: string }) => turns.push(`${turn.speaker}: ${turn.text}`),
  };
  const context = { ...contextOf(profile, asksNumber, events), seamless: true };
  call = await placeMediaCall({
    caller: openSilentCaller(undefined, { hangUp: () => {}, press: () => {} }),
    stream: { codec: 'PCMU', sampleRate: 8_000, targetLegs: 'opposite' },
    engines: scriptedEngines(systemClock, { heard: [] }),
    context,
  });
  const { control } = call.standIn;
  await expect.poll(() => control.calls()[0]?.streams[0]?.framesSent).toBeGreaterThan(10);
  // The third key comes after the fourth, and each of the others twice.
  control.faults.add({ at: 'dtmf', fault: { kind: 'delay', delayMs: 150 }, after: 2 });
  control.faults.add({ at: 'dtmf', fault: { kind: 'duplicate', times: 2 }, count: 20 });
  control.press(call.id, '2125550142#');
  await expect.poll(() => turns).toContain('Caller: 2125550142');
});
