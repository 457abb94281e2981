import { expect, test } from 'vitest';
import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ChildCache } from '#operator/engine/child-cache.ts';
import { CHILD_NAMES, FIELD_MANAGER, LABELS } from '#operator/installation/names.ts';
import { ensureChildren } from './ensure-children.ts';
import { Refusals } from './refusals.ts';

const REFUSED = new KubeError({ status: 403, reason: 'Forbidden', message: 'not granted' });
const runtime = { metadata: { name: 'a', namespace: 'b' } } as VoiceRuntime;

/** A cluster that refuses everything: one child is wanted, and one is there that is not. */
function open() {
  const clock = new FakeClock();
  let asked = 0;
  let answer: Error | undefined = REFUSED;
  const ask = async () => {
    asked += 1;
    if (answer !== undefined) throw answer;
    return { metadata: { name: 'wanted', namespace: 'b', resourceVersion: '1' } };
  };
  const client = { create: ask, delete: ask } as never;
  const kind = { resource: CONFIG_MAPS, owned: () => ({}), replaceable: true };
  const cache = new ChildCache({ client, log: silentLogger, clock, kind, names: CHILD_NAMES });
  const children = {
    cacheOf: () => cache,
    childrenOf: () => [{ cache, child: { metadata: { name: 'unwanted', namespace: 'b', uid: 'u' } } }],
  } as never;
  const refusals = new Refusals(clock, () => 0);
  const desiredOf = (note: string) => ({
    resource: CONFIG_MAPS,
    desired: {
      metadata: {
        name: 'wanted',
        namespace: 'b',
        labels: { [LABELS.managedBy]: FIELD_MANAGER, 'veralux.io/note': note },
      },
    },
  });
  return {
    clock,
    asked: () => asked,
    answerWith: (one: Error | undefined) => {
      answer = one;
    },
    look: (note = 'x') =>
      ensureChildren({
        runtime,
        desired: [desiredOf(note)],
        untouched: [],
        wereThere: false,
        client,
        children,
        events: { record: () => undefined } as never,
        refusals,
        signal: new AbortController().signal,
      }),
  };
}

const BOTH = ['ConfigMap wanted: not granted', 'ConfigMap unwanted is not wanted any more: not granted'];

test('what the cluster refuses, to make and to remove, is said at each look and asked for now and then', async () => {
  const { clock, asked, look } = open();
  for (let second = 0; second < 60; second += 2) {
    expect(await look()).toEqual(BOTH);
    await clock.advance(2_000);
  }
  expect(asked()).toBe(8);
});

test('what is wished otherwise is asked for at once', async () => {
  const { asked, look } = open();
  await look();
  await look('y');
  expect(asked()).toBe(3);
});

test('a refusal is forgotten when the cluster relents', async () => {
  const { clock, answerWith, look } = open();
  await look();
  answerWith(undefined);
  expect(await look()).toEqual(BOTH);
  await clock.advance(15_000);
  expect(await look()).toEqual([]);
});

test('what may pass by itself is thrown on', async () => {
  const { answerWith, look } = open();
  const away = new KubeError({ status: 503, reason: 'ServiceUnavailable', message: 'later' });
  answerWith(away);
  await expect(look()).rejects.toBe(away);
});
