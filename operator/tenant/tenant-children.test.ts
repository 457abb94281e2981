import { expect, test } from 'vitest';
import { NETWORK_POLICIES } from '#lib/kube/resource.ts';
import { tenantChildren } from './tenant-children.ts';
import { copyOf, tenantKeys } from './tenant-secrets.ts';

const acme = { name: 'acme', id: '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19' };
const access = [
  { kind: 'Group' as const, name: 'acme-staff', role: 'Viewer' as const },
  { kind: 'ServiceAccount' as const, name: 'tools/watcher', role: 'Viewer' as const },
];

test('what a tenant’s namespace holds', async () => {
  const shared = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'crm', labels: { 'veralux.io/copy-to-tenants': 'true', theirs: 'x' } },
    type: 'kubernetes.io/basic-auth',
    data: { username: 'YQ==', password: 'Yg==' },
  };
  const children = [
    ...tenantChildren(acme, { access }),
    tenantKeys(acme, Buffer.alloc(32, 7), { generation: 1 }),
    copyOf(acme, shared),
  ];
  const shown = children.map(({ resource, object }) => ({ kind: resource.kind, ...object }));
  await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot('goldens/tenant-children.json');
});

test('each has the labels by which it is found again', () => {
  for (const { object } of tenantChildren(acme, { access })) {
    expect(object.metadata).toMatchObject({
      namespace: 'tenant-acme',
      labels: {
        'app.kubernetes.io/managed-by': 'veralux-operator',
        'veralux.io/tenant': 'acme',
        'veralux.io/tenant-id': acme.id,
      },
    });
  }
});

test('nobody is bound where nobody has access', () => {
  const kinds = tenantChildren(acme, { access: [] }).map(({ resource }) => resource.kind);
  expect(kinds).not.toContain('RoleBinding');
});

test.each([
  ['the pods of CoreDNS', { namespaceSelector: {} }, 53],
  ['those of OpenShift', { namespaceSelector: {} }, 5353],
  ['NodeLocal DNSCache', { ipBlock: { cidr: '169.254.20.10/32' } }, 53],
])('names may be asked of %s', (_name, peer, port) => {
  const policies = tenantChildren(acme, { access: [] }).filter(
    ({ resource }) => resource === NETWORK_POLICIES,
  );
  const dns = policies.find(({ object }) => object.metadata.name === 'allow-dns')?.object['spec'];
  const ports = ['UDP', 'TCP'].map((protocol) => ({ protocol, port }));
  expect(dns).toMatchObject({
    egress: [{ to: expect.arrayContaining([peer]), ports: expect.arrayContaining(ports) }],
  });
});
