import { describe, expect, test } from 'vitest';
import { type VoiceRuntime, voiceRuntimeSchema } from '#crds/voice-runtime/voice-runtime.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import type { CarrierDirectory } from '#operator/carrier/carrier-directory.ts';
import { CarrierError } from '#operator/carrier/number-carrier.ts';
import { ApplicationClaims } from './application-claims.ts';
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

  fail(kind: 'Unavailable' | 'Refused'): void {
    this.questions.at(-1)?.reject(new CarrierError(kind, `It is ${kind}.`));
  }
}

function runtimeOf(generation: number, status?: object, webhooks = 'webhooks'): VoiceRuntime {
  return voiceRuntimeSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name: 'a', namespace: 'b', generation },
    spec: {
      endpoint: { webhookURL: `https://voice.test/${webhooks}` },
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
  const applications = new Applications({
    carriers: carrier.directory(),
    events,
    clock,
    claims: new ApplicationClaims({ list: () => [] }),
    installationID: 'here',
  });
  return { clock, carrier, applications };
}

/** One whose application was found. */
async function configured() {
  const opened = open();
  const first = opened.applications.ensure(runtimeOf(1));
  await settle();
  opened.carrier.answer('c1');
  await first;
  return opened;
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

  test('is asked for again when its part of the spec has changed, and only then', async () => {
    const { carrier, applications } = await configured();
    expect(await applications.ensure(runtimeOf(2))).toMatchObject({ verdict: { status: 'True' } });
    void applications.ensure(runtimeOf(3, undefined, 'elsewhere'));
    await settle();
    expect(carrier.questions).toHaveLength(2);
  });

  test('stays as it was while the carrier is away, also over another generation, and is asked for soon', async () => {
    const { clock, carrier, applications } = await configured();
    for (const generation of [1, 2]) {
      await clock.advance(300_000);
      const away = applications.ensure(runtimeOf(generation));
      await settle();
      carrier.fail('Unavailable');
      expect(await away).toMatchObject({
        connectionID: 'c1',
        verdict: {
          status: 'True',
          reason: 'CarrierUnavailable',
          message: expect.stringContaining('Unavail'),
        },
      });
    }
    await clock.advance(15_000);
    const back = applications.ensure(runtimeOf(2));
    await settle();
    carrier.answer('c1');
    expect(await back).toMatchObject({ verdict: { status: 'True', reason: 'Configured' } });
  });

  test('is taken back by a refusal, and does not come back by an outage', async () => {
    const { clock, carrier, applications } = await configured();
    for (const [kind, reason] of [
      ['Refused', 'CarrierRefused'],
      ['Unavailable', 'CarrierUnavailable'],
    ] as const) {
      await clock.advance(300_000);
      const answer = applications.ensure(runtimeOf(1));
      await settle();
      carrier.fail(kind);
      expect(await answer).toMatchObject({ verdict: { status: 'False', reason } });
    }
  });

  test('is not known for another address while the carrier is away', async () => {
    const { carrier, applications } = await configured();
    const away = applications.ensure(runtimeOf(2, undefined, 'elsewhere'));
    await settle();
    carrier.fail('Unavailable');
    expect(await away).toMatchObject({ verdict: { status: 'Unknown', reason: 'CarrierUnavailable' } });
  });
});
