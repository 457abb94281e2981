import { expect, test } from 'vitest';
import { type VoiceRuntime, voiceRuntimeSchema } from '#crds/voice-runtime/voice-runtime.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import type { CallApplication } from '#operator/carrier/number-carrier.ts';
import { ApplicationClaims, applicationNameOf } from './application-claims.ts';
import { Applications } from './ensure-application.ts';

interface Made {
  readonly id: string;
  readonly webhookURL: string;
}

/** An account at a carrier, with one application a name, and an operator's look at it. */
function open() {
  const made = new Map<string, Made>();
  const runtimes: VoiceRuntime[] = [];
  const carrier = {
    async ensureApplication({ name, webhookURL }: CallApplication, claim: (id: string) => void) {
      const known = made.get(name);
      await Promise.resolve();
      const id = known?.id ?? `c${made.size + 1}`;
      claim(id);
      made.set(name, { id, webhookURL });
      return { connectionID: id, change: 'None' as const };
    },
  };
  const look = () =>
    new Applications({
      carriers: { find: async () => ({ kind: 'Found', carrier: carrier as unknown as never }) },
      events: { record: () => undefined },
      clock: new FakeClock(),
      claims: new ApplicationClaims({ list: () => runtimes }),
      installationID: 'here',
    });
  return { made, runtimes, look };
}

interface Wanted {
  readonly name: string;
  readonly applicationName?: string;
  readonly age?: number;
  readonly connectionID?: string;
}

function runtimeOf({ name, applicationName, age = 1, connectionID }: Wanted): VoiceRuntime {
  const engine = { endpoint: 'http://a' };
  const creationTimestamp = new Date(age * 1_000).toISOString();
  return voiceRuntimeSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name, namespace: 'b', generation: 1, creationTimestamp },
    spec: {
      endpoint: { webhookURL: `https://${name}.test/webhooks` },
      telnyx: { secretRef: { name: 'telnyx' }, applicationName },
      engines: { stt: { type: 'Whisper', ...engine }, tts: { type: 'Kokoro', ...engine } },
    },
    status: { connectionID },
  });
}

test('a runtime whose spec names no application has one of its own', async () => {
  const { made, runtimes, look } = open();
  runtimes.push(runtimeOf({ name: 'a' }), runtimeOf({ name: 'c' }));
  const applications = look();
  const states = await Promise.all(runtimes.map((one) => applications.ensure(one)));
  expect(states.map(({ verdict }) => verdict.status)).toEqual(['True', 'True']);
  expect([...made.keys()]).toEqual([
    expect.stringMatching(/^veralux-a-.{12}$/),
    expect.stringMatching(/^veralux-c-.{12}$/),
  ]);
  const [first] = runtimes;
  if (first === undefined) throw new Error('there are two');
  expect(applicationNameOf(first, 'elsewhere')).not.toBe(applicationNameOf(first, 'here'));
});

test('of two runtimes that name the same application the second is told whose it is, and changes nothing', async () => {
  const { made, runtimes, look } = open();
  const both = ['a', 'c'].map((name) => runtimeOf({ name, applicationName: 'same' }));
  runtimes.push(...both);
  const applications = look();
  const [first, second] = await Promise.all(both.map((one) => applications.ensure(one)));
  expect(first).toMatchObject({ connectionID: 'c1', verdict: { status: 'True' } });
  expect(second).toMatchObject({
    connectionID: undefined,
    verdict: {
      status: 'False',
      reason: 'ApplicationTaken',
      message: expect.stringContaining('VoiceRuntime b/a'),
    },
  });
  expect(made.get('same')?.webhookURL).toBe('https://a.test/webhooks');
});

test('an operator that starts leaves an application with the runtime whose status has it', async () => {
  const { made, runtimes, look } = open();
  made.set('same', { id: 'c1', webhookURL: 'https://c.test/webhooks' });
  const elder = runtimeOf({ name: 'a', applicationName: 'same', age: 1 });
  const holder = runtimeOf({ name: 'c', applicationName: 'same', age: 2, connectionID: 'c1' });
  runtimes.push(elder, holder);
  const applications = look();
  expect(await applications.ensure(elder)).toMatchObject({ verdict: { reason: 'ApplicationTaken' } });
  expect(await applications.ensure(holder)).toMatchObject({ verdict: { status: 'True' } });
});

test('of two that an earlier release let have the same, the older keeps it, whoever is looked at first', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const { made, runtimes, look } = open();
    made.set('same', { id: 'c1', webhookURL: 'https://a.test/webhooks' });
    const shared = { applicationName: 'same', connectionID: 'c1' };
    runtimes.push(runtimeOf({ name: 'z', age: 1, ...shared }), runtimeOf({ name: 'a', age: 2, ...shared }));
    const applications = look();
    const states = new Map<string, string>();
    for (const index of order) {
      const runtime = runtimes[index];
      if (runtime === undefined) throw new Error('there are two');
      states.set(runtime.metadata.name, (await applications.ensure(runtime)).verdict.reason);
    }
    expect(Object.fromEntries(states)).toEqual({ z: 'Configured', a: 'ApplicationTaken' });
  }
});

test('an application that its runtime gave up is free', async () => {
  const { runtimes, look } = open();
  const first = runtimeOf({ name: 'a', applicationName: 'same' });
  const second = runtimeOf({ name: 'c', applicationName: 'same' });
  runtimes.push(first, second);
  const applications = look();
  await applications.ensure(first);
  await applications.ensure(runtimeOf({ name: 'a', applicationName: 'other' }));
  expect(await applications.ensure(second)).toMatchObject({
    connectionID: 'c1',
    verdict: { status: 'True' },
  });
});
