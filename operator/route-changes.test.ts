import { expect, test } from 'vitest';
import { newsDelayMs } from './route-changes.ts';
import type { RawVoiceRuntime } from './world/raw-objects.ts';

function runtime(status: 'True' | 'False', connectionID = 'c1', activeCalls = 0): RawVoiceRuntime {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const all = { status, reason: 'Any', message: 'any', lastTransitionTime };
  const conditions = ['Available', 'TelnyxConfigured'].map((type) => ({ type, ...all }));
  return {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name: 'shared', namespace: 'veralux-system' },
    status: { connectionID, activeCalls, conditions },
  };
}

test.each([
  ['appears', undefined, runtime('True'), 0],
  ['is deleted', runtime('True'), undefined, 0],
  ['becomes ready', runtime('False'), runtime('True'), 0],
  ['gets another application', runtime('True'), runtime('True', 'c2'), 0],
  ['goes down with another application', runtime('True'), runtime('False', 'c2'), 0],
  ['goes down', runtime('True'), runtime('False'), 30_000],
  ['has more calls', runtime('True'), runtime('True', 'c1', 7), undefined],
  ['stays down', runtime('False'), runtime('False', 'c1', 7), undefined],
])('when a runtime %s, its tenants hear of it in due time', (_case, before, after, delayMs) => {
  expect(newsDelayMs(before, after)).toBe(delayMs);
});
