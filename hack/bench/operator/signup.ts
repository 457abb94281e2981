/**
 * Companies sign up at the real API server while ten thousand Tenants exist: from the request until the
 * operator has made their Tenant Ready.
 */
import { randomBytes } from 'node:crypto';
import { hash } from 'bcrypt';
import { Client } from 'pg';
import { migrate, startProgram } from '#hack/demo/programs.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { type LocalPostgres, startPostgres } from '#hack/local/postgres.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { type BenchOutcome, seconds, whole } from '../bench-outcome.ts';
import { distributionOf, medianOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import type { PopulatedSite } from './populated-site.ts';
import { ReadyTimes } from './ready-times.ts';
import { accountKubeconfig } from './site.ts';

const TARGET_MS = 1_000;
const PER_SECOND = 5;
/** What two cores can hash beside everything else that a new Tenant makes them do. */
const EASY_PER_SECOND = 1;
/** What the API server answers while as many passwords as it lets wait are waiting. */
const BUSY = 503;
const OBSERVED_TIMEOUT_MS = 10 * 60_000;
const READY_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** The API server's own cost factor. */
const BCRYPT_COST = 12;
const HASHES = 10;

interface Signup {
  readonly name: string;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** What came of a minute or so of sign-ups at one pace. */
interface Pace {
  readonly perSecond: number;
  readonly signups: readonly Signup[];
  readonly refused: number;
}

export async function signupBench(context: BenchContext): Promise<BenchOutcome> {
  const { populated, config, say } = context;
  const site = await populated();
  const bcryptMs = await bcryptAlone();
  say('starting Postgres and the API server, which takes note of every Tenant');
  const postgres = await startPostgres({ instance: context.instance, fsync: true });
  const api = await startAPIServer(site, postgres);
  await observed(postgres, config.TENANTS);
  await site.quiet();
  const ready = await ReadyTimes.open(site.site.admin);
  try {
    const paces: Pace[] = [];
    for (const perSecond of [EASY_PER_SECOND, PER_SECOND]) {
      say(`${perSecond} a second sign up for ${config.SIGNUP_SECONDS} s`);
      const pace = await signUpSteadily(api, perSecond, config.SIGNUP_SECONDS);
      await waitUntil(() => pace.signups.every(({ name }) => ready.of(name) !== undefined), READY_TIMEOUT_MS);
      paces.push(pace);
    }
    const measured = paces.map((pace) => ({ ...pace, ...distributionsOf(pace, ready) }));
    return {
      rows: [
        ...measured.flatMap((pace) => rowsOf(pace, config.TENANTS)),
        { what: 'one bcrypt hash alone', measured: `${seconds(bcryptMs)} of a core` },
      ],
      figures: { paces: measured.map(({ signups: _all, ...rest }) => rest), bcryptMs },
    };
  } finally {
    await ready.close();
  }
}

type Measured = Pace & ReturnType<typeof distributionsOf>;

function distributionsOf({ signups }: Pace, ready: ReadyTimes) {
  const times = signups.map((signup) => {
    const readyAtMs = ready.of(signup.name);
    if (readyAtMs === undefined) {
      throw new LocalError('signup_not_ready', `${signup.name} signed up and did not become Ready.`);
    }
    return { ...signup, readyAtMs };
  });
  return {
    requestToReady: distributionOf(times.map(({ sentAtMs, readyAtMs }) => readyAtMs - sentAtMs)),
    requestToReply: distributionOf(times.map(({ sentAtMs, answeredAtMs }) => answeredAtMs - sentAtMs)),
    // A Tenant may be Ready before its reply has arrived here.
    replyToReady: distributionOf(
      times.map(({ answeredAtMs, readyAtMs }) => Math.max(0, readyAtMs - answeredAtMs)),
    ),
  };
}

function rowsOf(measured: Measured, tenants: number): BenchOutcome['rows'] {
  const { perSecond, refused, requestToReady: total, requestToReply: reply, replyToReady: after } = measured;
  const busy = refused === 0 ? '' : `; ${refused} more were refused as busy (503)`;
  const row = {
    what: `sign-up → Tenant Ready, ${perSecond} a second, ${whole(tenants)} Tenants present: request → Ready`,
    measured: `p50 ${seconds(total.p50)}, p99 ${seconds(total.p99)} of ${total.count}${busy}`,
  };
  const isMet = total.p99 <= TARGET_MS && refused === 0;
  return [
    perSecond === PER_SECOND ? { ...row, target: 'p99 ≤ 1 s', isMet } : row,
    {
      what: `of that, ${perSecond} a second: until the reply, bcrypt included · reply → Ready`,
      measured:
        `p50 ${seconds(reply.p50)}, p99 ${seconds(reply.p99)} · ` +
        `p50 ${seconds(after.p50)}, p99 ${seconds(after.p99)}`,
    },
  ];
}

/** What hashing a password takes on this machine with nothing else to do. */
async function bcryptAlone(): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < HASHES; round += 1) {
    const beganAtMs = performance.now();
    await hash('a long enough password', BCRYPT_COST);
    times.push(performance.now() - beganAtMs);
  }
  return medianOf(times);
}

async function startAPIServer({ site }: PopulatedSite, postgres: LocalPostgres): Promise<string> {
  const { appURL, workerURL } = await migrate(site.processes, postgres.adminURL);
  const { url } = await startProgram(site.processes, {
    name: 'apiserver',
    main: 'apiserver/main.ts',
    health: '/ready',
    env: {
      SAAS_MODE: 'true',
      DATABASE_URL: appURL,
      WORKER_DATABASE_URL: workerURL,
      REDIS_URL: site.redisURL,
      JWT_SECRET: randomBytes(32).toString('hex'),
      // All of them come from here in one day.
      SIGNUPS_PER_DAY: '1000000',
      SIGNUPS_PER_DAY_PER_NETWORK: '1000000',
      ADMIN_RATE_MAX: '1000000',
      AUTH_RATE_MAX: '1000000',
      METRICS_PORT: '0',
      STOP_DELAY_MS: '0',
      KUBECONFIG: await accountKubeconfig(site, 'veralux-apiserver'),
    },
  });
  return url;
}

/** Waits until the API server has a row of every Tenant: that is work of its first start, not of sign-ups. */
async function observed({ adminURL }: LocalPostgres, tenants: number): Promise<void> {
  const client = new Client({ connectionString: adminURL });
  await client.connect();
  try {
    let count = 0;
    const isDone = await waitUntil(async () => {
      const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM veralux.tenants');
      count = Number(rows[0]?.count);
      if (count < tenants) await systemClock.sleep(1_000);
      return count >= tenants;
    }, OBSERVED_TIMEOUT_MS);
    if (!isDone) throw new LocalError('tenants_not_observed', `${count} of ${tenants} Tenants have a row.`);
  } finally {
    await client.end();
  }
}

/** Sends each sign-up at its time, whether the earlier ones were answered or not. */
async function signUpSteadily(api: string, perSecond: number, forSeconds: number): Promise<Pace> {
  const beganAtMs = performance.now();
  const sent: Promise<Signup | undefined>[] = [];
  for (let index = 0; index < perSecond * forSeconds; index += 1) {
    const dueAtMs = beganAtMs + (index * 1_000) / perSecond;
    await systemClock.sleep(Math.max(0, dueAtMs - performance.now()));
    sent.push(signUp(api, `${perSecond}-${index}`));
    sent.at(-1)?.catch(() => undefined);
  }
  const signups = (await Promise.all(sent)).filter((one) => one !== undefined);
  return { perSecond, signups, refused: sent.length - signups.length };
}

/** Undefined: the API server was too busy. */
async function signUp(api: string, company: string): Promise<Signup | undefined> {
  const sentAtMs = performance.now();
  const response = await fetch(`${api}/api/auth/signup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: `bench-${company}@example.com`,
      password: `a long enough password ${company}`,
      name: 'Jane Smith',
      companyName: `Company ${company}`,
    }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await response.text();
  const answeredAtMs = performance.now();
  if (response.status === BUSY) return undefined;
  if (response.status !== 201) throw new LocalError('signup_failed', `Sign-up: ${response.status} ${text}`);
  const { tenant } = JSON.parse(text) as { tenant: { name: string } };
  return { name: tenant.name, sentAtMs, answeredAtMs };
}
