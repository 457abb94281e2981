import { expect, test } from 'vitest';
import { Samples } from './prometheus-text.ts';

const page = new Samples(`# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{method="GET",code="200"} 5
requests_total{method="PATCH",code="200"} 2 1395066363000
requests_total{method="PATCH",code="a\\"}b"} 1
depth 1.5e3
`);

test('samples of a metric are added up, all or those whose labels pass', () => {
  expect(page.sum('requests_total')).toBe(8);
  expect(page.sum('requests_total', ({ method }) => method === 'PATCH')).toBe(3);
  expect(page.sum('requests_total', ({ code }) => code === 'a\\"}b')).toBe(1);
  expect(page.sum('depth')).toBe(1_500);
});

test('a metric that is not there counts as 0', () => {
  expect(page.sum('requests')).toBe(0);
});
