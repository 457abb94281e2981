import { describe, expect, test } from 'vitest';
import { type VoiceRuntime, voiceRuntimeSchema } from '#crds/voice-runtime/voice-runtime.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import type { CarrierDirectory } from '#operator/carrier/carrier-directory.ts';
import { Applications } from './ensure-application.ts';

/** A carrier whose answers come when the test says so. */
class SlowCarrier {
  readonly questions: PromiseWithResolvers<{ connectionID: string; change: 'None' }>[] = [];

  directory(): Pick<CarrierDirectory, 'find'> {
    const ensureApplication = () => {
      const question = Promise.withResolvers<{ connectionID: string; change: 'None' }>();
      this.questions.push(question);
      return question.promise;
    };
    const carrier = { ensureApplication } as unknown as never;
    return { find: async () => ({ kind: 'Found', carrier }) };
  }

  answer(connectionID: string): void {
    this.questions.at(-1)?.resolve({ connectionID, change: 'None' });
  }
}

function runtimeOf(generation: number, status?: object): VoiceRuntime {
  return voiceRuntimeSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name: 'a', namespace: 'b', generation },
    spec: {
      endpoint: { webhookURL: 'https://voice.test/webhooks/telnyx' },
      telnyx: { secretRef: { name: 'telnyx' } },
      engines: {
        stt: { type: 'Whisper', endpoint: 'http://a' },
        tts: { type: 'Kokoro', endpoint: 'http://b' },
      },
    },
    status,
  });
}

function open() {
  const clock = new FakeClock();
  const carrier = new SlowCarrier();
  const events = { record: () => undefined };
  return { clock, carrier, applications: new Applications({ carriers: carrier.directory(), events, clock }) };
}

/** Lets every promise that can settle do so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the Call Control application', () => {
  test('is not waited for when the carrier takes its time, and is known once it has answered', async () => {
    const { clock, carrier, applications } = open();
    const first = applications.ensure(runtimeOf(1));
    await settle();
    await clock.advance(500);
    expect((await first).verdict).toMatchObject({ status: 'Unknown', reason: 'CarrierUnavailable' });
    carrier.answer('c1');
    await settle();
    expect(await applications.ensure(runtimeOf(1))).toMatchObject({ connectionID: 'c1' });
    expect(carrier.questions).toHaveLength(1);
  });

  test('stays as an earlier operator found it for the same spec until the carrier has answered', async () => {
    const condition = {
      type: 'TelnyxConfigured',
      status: 'True',
      reason: 'Configured',
      message: 'It is there.',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 1,
    };
    const status = { observedGeneration: 1, connectionID: 'c1', conditions: [condition] };
    for (const [generation, expected] of [
      [1, { status: 'True', message: 'It is there.' }],
      [2, { status: 'Unknown', reason: 'CarrierUnavailable' }],
    ] as const) {
      const { clock, applications } = open();
      const state = applications.ensure(runtimeOf(generation, status));
      await settle();
      await clock.advance(500);
      expect(await state).toMatchObject({ connectionID: 'c1', verdict: expected });
    }
  });

  test('is asked for once at a time, however often it is wanted', async () => {
    const { carrier, applications } = open();
    const both = [applications.ensure(runtimeOf(1)), applications.ensure(runtimeOf(1))];
    await settle();
    expect(carrier.questions).toHaveLength(1);
    carrier.answer('c1');
    expect((await Promise.all(both)).map(({ connectionID }) => connectionID)).toEqual(['c1', 'c1']);
  });

  test('is asked for again after five minutes, and what was known holds until then', async () => {
    const { clock, carrier, applications } = open();
    const first = applications.ensure(runtimeOf(1));
    await settle();
    carrier.answer('c1');
    await first;
    await clock.advance(300_000);
    const second = applications.ensure(runtimeOf(1));
    await settle();
    await clock.advance(500);
    expect(await second).toMatchObject({ connectionID: 'c1', verdict: { status: 'True' } });
    expect(carrier.questions).toHaveLength(2);
  });

  test('is asked for again when the spec has changed', async () => {
    const { carrier, applications } = open();
    const first = applications.ensure(runtimeOf(1));
    await settle();
    carrier.answer('c1');
    await first;
    void applications.ensure(runtimeOf(2));
    await settle();
    expect(carrier.questions).toHaveLength(2);
  });
});
