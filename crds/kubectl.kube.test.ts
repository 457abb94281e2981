import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';

const NAME = 'shown-by-kubectl';

/** What an engineer sees with kubectl alone. */
describe('kubectl', () => {
  beforeAll(async () => {
    const cluster = testCluster();
    const tenant = {
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'Tenant',
      metadata: { name: NAME },
      spec: { displayName: 'Harbor Dental', plan: 'Starter' },
    };
    await cluster.kubectlWithInput(JSON.stringify(tenant), 'apply', '--server-side', '--filename=-');
    const ready = {
      type: 'Ready',
      status: 'False',
      reason: 'Progressing',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const status = { namespace: `tenant-${NAME}`, phoneNumbers: 2, conditions: [ready] };
    const patch = `--patch=${JSON.stringify({ status })}`;
    await cluster.kubectl('patch', 'tenant', NAME, '--subresource=status', '--type=merge', patch);
  });
  afterAll(() => testCluster().kubectl('delete', 'tenant', NAME));

  test('get tn shows plan, namespace, numbers, whether it is ready, why, and since when', async () => {
    const table = await testCluster().kubectl('get', 'tn', NAME);
    const [head, row] = table.trim().split('\n');
    expect(head?.split(/\s+/)).toEqual(['NAME', 'PLAN', 'NAMESPACE', 'NUMBERS', 'READY', 'REASON', 'AGE']);
    expect(row).toMatch(
      new RegExp(String.raw`^${NAME}\s+Starter\s+tenant-${NAME}\s+2\s+False\s+Progressing\s+\d+s$`),
    );
  });

  test.each([
    ['tn', 'tenants'],
    ['pn', 'phonenumbers'],
    ['vr', 'voiceruntimes'],
  ])('knows %s as %s', async (shortName, plural) => {
    const resources = await testCluster().kubectl('api-resources', '--api-group=veralux.io', '--no-headers');
    expect(resources).toMatch(new RegExp(String.raw`^${plural}\s+${shortName}\s`, 'm'));
  });

  test('get veralux shows all three kinds', async () => {
    const names = await testCluster().kubectl('api-resources', '--categories=veralux', '--output=name');
    expect(names.trim().split('\n').toSorted()).toEqual([
      'phonenumbers.veralux.io',
      'tenants.veralux.io',
      'voiceruntimes.veralux.io',
    ]);
  });

  test.each(['tenant.spec', 'phonenumber.spec', 'voiceruntime.spec', 'tenant.status'])(
    'explain %s describes each field',
    async (field) => {
      const text = await testCluster().kubectl('explain', field);
      const bare = text.matchAll(/^ {2}(\w+)\t<[^>]+>.*\n(?: {2}enum: .*\n)?(?! {4}\S| {2}enum)/gm);
      expect([...bare].map(([, name]) => name)).toEqual([]);
      expect(await testCluster().kubectl('explain', field, '--recursive')).toContain('FIELDS:');
    },
  );
});
