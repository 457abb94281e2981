import { expect, test } from 'vitest';
import { hasReason, KubeError } from './kube-error.ts';

const gone = new KubeError({ status: 404, reason: 'NotFound', message: 'gone' });

test.each<[unknown, readonly string[], boolean]>([
  [gone, ['NotFound'], true],
  [gone, ['Conflict', 'NotFound'], true],
  [gone, ['Conflict'], false],
  [gone, [], false],
  [{ reason: 'NotFound' }, ['NotFound'], false],
  [undefined, ['NotFound'], false],
])('an error %# has the reason that the API server gave, and no other', (error, reasons, expected) => {
  expect(hasReason(error, ...reasons)).toBe(expected);
});
