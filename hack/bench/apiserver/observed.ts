import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { TENANT } from '#crds/tenant/tenant.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { type BenchOutcome, whole } from '../bench-outcome.ts';
import { distributionOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';

const TARGET_MS = 1_000;
const MADE_A_SECOND = 5;
const LOOK_EVERY_MS = 5;
const OPERATOR = 'system:serviceaccount:veralux-system:veralux-operator';
const OPTIONS = { fieldManager: 'bench' };

/**
 * How long a Tenant that was not signed up takes to have its row, from when its status has its id, as the operator writes
 * it.
 */
export async function observedBench({ site, config, say }: BenchContext): Promise<BenchOutcome> {
  const kube = new KubeClient({ config: loadKubeConfig(site.kubeconfigPath), userAgent: 'bench' });
  const operator = operatorOf(site.kubeconfigPath);
  const postgres = new Client({ connectionString: site.adminURL });
  await postgres.connect();
  try {
    say(`${config.LOGINS} Tenants are made`);
    const times: number[] = [];
    for (let count = 0; count < config.LOGINS; count += 1) {
      const beganAtMs = performance.now();
      times.push(await makeTenant(kube, operator, postgres));
      await pause(1_000 / MADE_A_SECOND - (performance.now() - beganAtMs));
    }
    const rows = distributionOf(times);
    return {
      rows: [
        {
          what: 'a Tenant made with kubectl → its row',
          target: `p99 ≤ ${whole(TARGET_MS)} ms`,
          measured: `p50 ${whole(rows.p50)} ms, p99 ${whole(rows.p99)} ms of ${whole(rows.count)}`,
          isMet: rows.p99 <= TARGET_MS,
        },
      ],
      figures: { rows },
    };
  } finally {
    await Promise.all([kube.close(), operator.close(), postgres.end()]);
  }
}

/** Nobody else may write what a Tenant's status says. */
function operatorOf(kubeconfigPath: string): KubeClient {
  const config = loadKubeConfig(kubeconfigPath);
  config.users = config.users.map((user) => ({ ...user, impersonateUser: OPERATOR }));
  return new KubeClient({ config, userAgent: 'bench' });
}

/** Resolves to the milliseconds from its id to its row. */
async function makeTenant(kube: KubeClient, operator: KubeClient, postgres: Client): Promise<number> {
  const tenantID = randomUUID();
  const name = `observed-${tenantID.slice(0, 8)}`;
  const spec = { displayName: 'Observed', plan: 'Starter' };
  await kube.apply(TENANT, { metadata: { name }, spec }, OPTIONS);
  const beganAtMs = performance.now();
  await operator.patchStatus(TENANT, { name }, { tenantID }, OPTIONS);
  for (;;) {
    const { rowCount } = await postgres.query('SELECT FROM veralux.tenants WHERE tenant_id = $1', [tenantID]);
    if (rowCount === 1) return performance.now() - beganAtMs;
    await pause(LOOK_EVERY_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
