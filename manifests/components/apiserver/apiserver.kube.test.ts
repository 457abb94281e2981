import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { API_SERVER_OPTIONS, checkConfig } from '#apiserver/config.ts';
import { MIGRATE_OPTIONS } from '#apiserver/migrate/config.ts';
import { type OwnTestCluster, startTestCluster } from '#hack/testing/cluster.ts';
import { loadConfig } from '#lib/config/config.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const POSTGRES = 'postgres://somebody@postgres.example/veralux';
/** What the Secrets hold, by key. */
const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: POSTGRES,
  WORKER_DATABASE_URL: POSTGRES,
  ADMIN_DATABASE_URL: POSTGRES,
  REDIS_URL: 'redis://redis.example',
  JWT_SECRET: 'a secret for tests that is long enough',
  APP_PASSWORD: 'x'.repeat(32),
  WORKER_PASSWORD: 'x'.repeat(32),
};

interface Container {
  readonly command: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly fieldRef?: object;
      readonly secretKeyRef?: { readonly key: string; readonly optional?: boolean };
    };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
}

/** The base with this component, as kustomize makes them, on a real API server with its controllers. */
describe('the API server in the cluster', () => {
  let cluster: OwnTestCluster;
  // oxlint-disable-next-line typescript/no-explicit-any -- objects of many kinds, as their manifests have them.
  let objects: any[];
  let container: Container;

  beforeAll(async () => {
    cluster = await startTestCluster();
    const folder = mkdtempSync(join(cluster.directory, 'data', 'apiserver-'));
    const path = (name: string) => relative(folder, join(REPOSITORY, 'manifests', name));
    const kustomization = { resources: [path('base')], components: [path('components/apiserver')] };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    objects = parseAllDocuments(await cluster.kubectl('kustomize', folder)).map((it) => it.toJS());
    container = containerOf('Deployment');
    await cluster.kubectl('apply', '--server-side', '--kustomize', folder);
  });
  afterAll(() => cluster.stop());

  const ofKind = (kind: string) => objects.filter((it) => it.kind === kind);
  const containerOf = (kind: string): Container => ofKind(kind)[0].spec.template.spec.containers[0];

  /** The environment of a pod whose optional Secrets are not there. */
  function environmentOf({ env }: Container): Record<string, string> {
    const isSet = env.filter(({ valueFrom }) => !valueFrom?.secretKeyRef?.optional);
    return Object.fromEntries(
      isSet.map(({ name, value, valueFrom }) => [
        name,
        value ?? SECRETS[valueFrom?.secretKeyRef?.key ?? ''] ?? 'veralux-system',
      ]),
    );
  }

  test('has pods that the namespace admits, under the account that has its rights', async () => {
    const pods = async (name: string) =>
      JSON.parse(
        await cluster.kubectl(
          'get',
          'pods',
          '--namespace=veralux-system',
          `--selector=app.kubernetes.io/name=${name}`,
          '--output=json',
        ),
      ).items;
    await vi.waitFor(async () => expect(await pods('veralux-apiserver')).toHaveLength(2), 15_000);
    await vi.waitFor(async () => expect(await pods('veralux-migrate')).toHaveLength(1), 15_000);
    const [pod] = await pods('veralux-apiserver');
    expect(pod.spec.serviceAccountName).toBe('veralux-apiserver');
    expect(
      ofKind('RoleBinding').flatMap(({ subjects }) => subjects.map((it: { name: string }) => it.name)),
    ).toContain(pod.spec.serviceAccountName);
  });

  test.each([
    ['Deployment', API_SERVER_OPTIONS],
    ['Job', MIGRATE_OPTIONS],
  ] as const)(
    'the %s sets what has no default, knows each setting, and starts a program',
    (kind, options) => {
      const made = containerOf(kind);
      for (const { name } of made.env) expect(Object.keys(options)).toContain(name);
      expect(() => loadConfig(options, environmentOf(made))).not.toThrow();
      expect(existsSync(join(REPOSITORY, made.command.at(-1) ?? ''))).toBe(true);
    },
  );

  test('listens where it is asked and probed, and ends before it is killed', () => {
    const config = loadConfig(API_SERVER_OPTIONS, environmentOf(container));
    expect(checkConfig(config)).toEqual([]);
    expect(Object.fromEntries(container.ports?.map((it) => [it.name, it.containerPort]) ?? [])).toEqual({
      http: config.PORT,
      metrics: config.METRICS_PORT,
    });
    const [{ spec }] = ofKind('Deployment');
    expect(config.CONTROL_REPLICAS).toBe(spec.replicas);
    const graceMs = spec.template.spec.terminationGracePeriodSeconds * 1_000;
    expect(graceMs).toBeGreaterThan(2 * config.DRAIN_TIMEOUT_MS);
  });

  test('has its metrics in no Service, and takes them from inside the cluster alone', () => {
    const ports = ofKind('Service').flatMap(({ spec }) => spec.ports);
    expect(ports.map(({ targetPort }) => targetPort)).toEqual(['http']);
    const [{ spec }] = ofKind('NetworkPolicy');
    const sources = Object.fromEntries(
      spec.ingress.map(({ from, ports }: { from?: object; ports: { port: string }[] }) => [
        ports[0]?.port,
        from,
      ]),
    );
    expect(sources).toEqual({ http: undefined, metrics: [{ namespaceSelector: {} }] });
  });

  test('is one by its labels for whatever picks its pods', () => {
    const [{ spec }] = ofKind('Deployment');
    const { labels } = spec.template.metadata;
    const selectors = [
      spec.selector.matchLabels,
      ofKind('Service')[0].spec.selector,
      ofKind('PodDisruptionBudget')[0].spec.selector.matchLabels,
      ofKind('NetworkPolicy')[0].spec.podSelector.matchLabels,
    ];
    for (const selector of selectors) expect(labels).toMatchObject(selector);
    expect(ofKind('Job')[0].spec.template.metadata.labels).not.toMatchObject(spec.selector.matchLabels);
  });
});
