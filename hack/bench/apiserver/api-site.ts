/** The API server as in production, on a real Postgres, Redis and control plane, with tenants that have usage. */
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { effectiveLimits } from '#crds/plans/plans.ts';
import { applyManifests } from '#hack/demo/cluster-objects.ts';
import { migrate, type StartedProgram, startProgram } from '#hack/demo/programs.ts';
import type { Instance } from '#hack/local/instance.ts';
import { createProgress } from '#hack/local/progress.ts';
import { startInfrastructure } from '#hack/local/stack.ts';
import type { BenchConfig } from './config.ts';
import { signUp } from './people.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const MANY = '1000000000';

interface Measured {
  readonly url: string;
  readonly pid: number;
}

export interface ApiSite {
  readonly api: Measured;
  /** A bare server beside it; see `bare-server/main.ts`. */
  readonly bare: Measured;
  /** Of cluster administrators, and of Postgres' superuser. */
  readonly kubeconfigPath: string;
  readonly adminURL: string;
  readonly redisURL: string;
  /** An access token of the tenant that the bare server reads as well; good for 15 min. */
  readonly token: () => Promise<string>;
}

/** What was started is ended by `instance.endAll()`. */
export async function openApiSite(
  instance: Instance,
  config: Pick<BenchConfig, 'TENANTS' | 'PROFILE'>,
  output: NodeJS.WriteStream,
): Promise<ApiSite> {
  const { processes } = instance;
  const stack = await startInfrastructure(instance, {
    progress: createProgress(output),
    onStage: (name, ms) => output.write(`${name} in ${Math.round(ms)} ms\n`),
  });
  await applyManifests(stack.kubectl, REPOSITORY);
  const databases = await migrate(processes, stack.adminURL);
  const api = await startProgram(processes, {
    name: 'apiserver',
    main: 'apiserver/main.ts',
    health: '/ready',
    flags: config.PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${instance.logs}`] : [],
    env: {
      SAAS_MODE: 'true',
      DATABASE_URL: databases.appURL,
      WORKER_DATABASE_URL: databases.workerURL,
      REDIS_URL: stack.redisURL,
      JWT_SECRET: randomBytes(32).toString('hex'),
      KUBECONFIG: stack.kubeconfigPath,
      METRICS_PORT: '0',
      // All of the load comes from one address.
      ADMIN_RATE_MAX: MANY,
      AUTH_RATE_MAX: MANY,
      SIGNUPS_PER_DAY: MANY,
      SIGNUPS_PER_DAY_PER_NETWORK: MANY,
    },
  });
  const reader = await signUp(api.url, `${randomUUID()}@example.com`);
  await addUsage(stack.adminURL, config.TENANTS);
  const bare = await startProgram(processes, {
    name: 'bare-server',
    main: 'hack/bench/apiserver/bare-server/main.ts',
    health: '/transaction',
    env: {
      DATABASE_URL: databases.appURL,
      WORKER_DATABASE_URL: databases.workerURL,
      TENANT_ID: reader.tenantID,
    },
  });
  const measured = ({ url, process }: StartedProgram) => ({ url, pid: process.pid });
  const { kubeconfigPath, adminURL, redisURL } = stack;
  const { logIn: token } = reader;
  return { api: measured(api), bare: measured(bare), kubeconfigPath, adminURL, redisURL, token };
}

/** Adds tenants, and gives each there is a year of usage and the limits that are observed of a resource. */
async function addUsage(adminURL: string, tenants: number): Promise<void> {
  const client = new Client({ connectionString: adminURL });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO veralux.tenants (tenant_id, name, display_name, plan, source)
       SELECT gen_random_uuid(), 'bench-' || n, 'Bench ' || n, 'Starter', 'Resource' FROM generate_series(1, $1) n`,
      [tenants],
    );
    await client.query(`UPDATE veralux.tenants SET plan = 'Starter', limits = $1`, [
      JSON.stringify(effectiveLimits({ plan: 'Starter' })),
    ]);
    await client.query(
      `INSERT INTO veralux.usage_counters (tenant_id, month, metric, quantity)
       SELECT tenant_id, to_char(now() AT TIME ZONE 'UTC' - make_interval(months => m), 'YYYY-MM'), metric, 1000
         FROM veralux.tenants, generate_series(0, 11) m,
              unnest(ARRAY['call_count', 'call_seconds', 'stt_seconds', 'tts_characters', 'api_requests']) metric
       ON CONFLICT DO NOTHING`,
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}
