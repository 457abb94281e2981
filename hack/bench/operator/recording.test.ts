import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { chainOf, type RecordedLine, readRecording } from './recording.ts';

const folder = mkdtempSync(join(tmpdir(), 'recording-'));
afterAll(() => rmSync(folder, { recursive: true }));

const made = (number: number, method: string, path: string, body?: string): RecordedLine => ({
  number,
  method,
  path,
  contentType: undefined,
  body,
});
const ended = (number: number, status = 200): RecordedLine => ({ ended: number, status });

async function read(...lines: RecordedLine[]) {
  const path = join(folder, 'recording.jsonl');
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return readRecording(path);
}

test('a request comes after those of its tenant that had ended when it was made', async () => {
  const { requests } = await read(
    made(0, 'POST', '/api/v1/namespaces?x', '{"metadata":{"name":"tenant-a"}}'),
    made(1, 'PATCH', '/apis/veralux.io/v1alpha1/tenants/b/status'),
    ended(0, 201),
    made(2, 'POST', '/api/v1/namespaces/tenant-a/secrets', '{"metadata":{"name":"keys"}}'),
    made(3, 'POST', '/api/v1/namespaces/tenant-a/resourcequotas'),
    ended(3, 201),
    ended(1),
    made(4, 'PATCH', '/apis/veralux.io/v1alpha1/tenants/a/status?fieldManager=x'),
    ended(4),
    ended(2, 201),
  );
  expect(requests.map(({ after }) => after)).toEqual([[], [], [0], [0], [0, 3]]);
});

test('lists, watches, the lease and what was refused are left out, and a read of nothing is not', async () => {
  const { requests, watches, leftOut } = await read(
    made(0, 'GET', '/apis/veralux.io/v1alpha1/tenants?limit=500'),
    ended(0),
    made(1, 'GET', '/api/v1/namespaces?watch=true&resourceVersion=5&labelSelector=a'),
    made(2, 'PATCH', '/apis/coordination.k8s.io/v1/namespaces/veralux-system/leases/veralux-operator'),
    ended(2),
    made(3, 'PATCH', '/apis/veralux.io/v1alpha1/tenants/a'),
    ended(3, 409),
    made(4, 'GET', '/api/v1/namespaces/veralux-system/configmaps/number-1'),
    ended(4, 404),
    made(5, 'PATCH', '/apis/veralux.io/v1alpha1/tenants/a'),
    ended(5),
    made(6, 'GET', '/api/v1/namespaces/veralux-system'),
    ended(6),
  );
  expect(requests.map(({ method, status }) => [method, status])).toEqual([
    ['GET', 404],
    ['PATCH', 200],
    ['GET', 200],
  ]);
  expect(watches).toEqual(['/api/v1/namespaces?watch=true&labelSelector=a&timeoutSeconds=3600']);
  expect(leftOut).toEqual({ 'lists and watches': 2, lease: 1, 'refused or without reply': 1 });
});

test('an Event belongs to the Tenant that it is about, a number to itself', () => {
  const event = '{"involvedObject":{"apiVersion":"v1","kind":"Tenant","name":"a"},"metadata":{"name":"a.1"}}';
  expect(chainOf('/api/v1/namespaces/default/events?', event)).toBe('tenant a');
  expect(chainOf('/apis/veralux.io/v1alpha1/namespaces/x/voiceruntimes/y/status?f', undefined)).toBe(
    '/apis/veralux.io/v1alpha1/namespaces/x/voiceruntimes/y',
  );
});
