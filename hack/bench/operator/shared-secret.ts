/**
 * One change to a Secret that every tenant's namespace gets a copy of: how long until the last has it,
 * and how long new Tenants wait meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { LABELS } from '#operator/installation/names.ts';
import { type BenchOutcome, seconds, whole } from '../bench-outcome.ts';
import { type Distribution, distributionOf } from '../distribution.ts';
import { RawPool } from '../raw-pool.ts';
import type { BenchContext } from './bench-context.ts';
import { makeTenant } from './make-tenants.ts';
import { type PopulatedSite, settleTimeoutMs } from './populated-site.ts';
import { ReadyTimes } from './ready-times.ts';
import { SYSTEM } from './site.ts';
import { watchObjects } from './watch-objects.ts';

const TARGET_MS = 2_000;
const SECRET = 'bench-shared';
const FIELD = 'token';
/** How often a new Tenant is made while the change spreads, and how many with nothing else to do. */
const NEW_TENANT_PERIOD_MS = 1_000;
const NEW_TENANTS_AT_REST = 10;
const READY_TIMEOUT_MS = 120_000;

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export async function sharedSecretBench({ populated, config, say }: BenchContext): Promise<BenchOutcome> {
  const site = await populated();
  say('making a Secret that every tenant gets a copy of');
  const first = await spread(site, config.TENANTS);
  await site.settled();
  await site.quiet();
  say('new Tenants with nothing else to do, then while a change of the Secret spreads');
  const atRest = await newTenants(site, 'at-rest', (made) => made < NEW_TENANTS_AT_REST);
  let isSpreading = true;
  const changing = spread(site, config.TENANTS).finally(() => {
    isSpreading = false;
  });
  const [tookMs, meanwhile] = await Promise.all([changing, newTenants(site, 'meanwhile', () => isSpreading)]);
  const namespaces = whole(config.TENANTS);
  return {
    rows: [
      {
        what: `one change of a shared Secret reaches ${namespaces} namespaces`,
        measured: `${seconds(tookMs)}, ${whole(config.TENANTS / (tookMs / 1_000))} a second (first made: ${seconds(first)})`,
      },
      {
        what: 'a new Tenant made meanwhile is Ready',
        target: '≤ 2 s',
        measured: `p50 ${seconds(meanwhile.p50)}, at most ${seconds(meanwhile.max)} of ${meanwhile.count} (at rest: p50 ${seconds(atRest.p50)})`,
        isMet: meanwhile.max <= TARGET_MS,
      },
    ],
    figures: { firstMs: first, tookMs, meanwhile, atRest },
  };
}

/** Gives the Secret a new value; resolves to the milliseconds until `count` namespaces have it. */
async function spread({ site }: PopulatedSite, count: number): Promise<number> {
  const value = randomBytes(24).toString('base64');
  const having = new Set<string>();
  let lastAtMs = 0;
  const end = await watchObjects<Secret>({
    client: site.admin,
    resource: SECRETS,
    fieldSelector: `metadata.name=${SECRET}`,
    onObject: ({ metadata, data }, atMs) => {
      if (metadata.namespace === SYSTEM || data?.[FIELD] !== value || having.size >= count) return;
      having.add(metadata.namespace ?? '');
      lastAtMs = atMs;
    },
  });
  const metadata = { name: SECRET, namespace: SYSTEM, labels: { [LABELS.copyToTenants]: 'true' } };
  const beganAtMs = performance.now();
  const options = { fieldManager: 'veralux-bench', force: true };
  await site.admin.apply(SECRETS, { metadata, type: 'Opaque', data: { [FIELD]: value } }, options);
  const isDone = await waitUntil(() => having.size >= count, settleTimeoutMs(count));
  await end();
  if (isDone) return lastAtMs - beganAtMs;
  throw new LocalError('secret_not_spread', `${having.size} of ${count} namespaces have the Secret.`);
}

/** Makes Tenants one by one while `goesOn`, at most one a second; how long each took to be Ready. */
async function newTenants(
  { site }: PopulatedSite,
  prefix: string,
  goesOn: (made: number) => boolean,
): Promise<Distribution> {
  const pool = new RawPool(site.kubeconfigPath, 1);
  const ready = await ReadyTimes.open(site.admin);
  const tookMs: number[] = [];
  try {
    do {
      const name = `${prefix}-${tookMs.length}`;
      const beganAtMs = performance.now();
      await makeTenant(pool, name);
      const isReady = await waitUntil(() => ready.of(name) !== undefined, READY_TIMEOUT_MS);
      if (!isReady) throw new LocalError('tenant_not_ready', `The new Tenant ${name} did not become Ready.`);
      tookMs.push((ready.of(name) ?? 0) - beganAtMs);
      await systemClock.sleep(Math.max(0, beganAtMs + NEW_TENANT_PERIOD_MS - performance.now()));
    } while (goesOn(tookMs.length));
  } finally {
    await ready.close();
    await pool.close();
  }
  return distributionOf(tookMs);
}
