/**
 * Ten thousand Tenants are there when the operator starts: how long until all are Ready, against a bare
 * pool that sends the operator's own requests to a fresh API server.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalError } from '#hack/local/local-error.ts';
import { type BenchOutcome, percent, seconds, whole } from '../bench-outcome.ts';
import { distributionOf, medianOf } from '../distribution.ts';
import type { ProcessUsage } from '../process-usage.ts';
import { assertNoDrift, assertProjected, driftIn } from './assert-projected.ts';
import type { BenchContext } from './bench-context.ts';
import { type MadeTenant, makeTenants, plainPostRate } from './make-tenants.ts';
import { type OperatorOptions, startOperator } from './operator-process.ts';
import { settleTimeoutMs } from './populated-site.ts';
import type { ReplayTask } from './replay/main.ts';
import type { Replayed } from './replay/replay.ts';
import { openSite, type Site } from './site.ts';
import { waitSettled } from './wait-settled.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const TARGET = 0.8;
const PLAIN_POSTS = 5_000;
/** Races with the controller-manager turn out differently now and then. */
const MOST_DIFFERING = 0.005;

interface Recorded {
  readonly path: string;
  readonly tenants: readonly MadeTenant[];
}

interface OperatorRun {
  readonly tookMs: number;
  readonly requests: number;
  readonly tenantPostsPerSecond: number;
  readonly usage: ProcessUsage;
}

interface RawRun extends Replayed {
  readonly watches: number;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly plainPostsPerSecond: number;
}

export async function coldBench(context: BenchContext): Promise<BenchOutcome> {
  const { config, say } = context;
  const recorded = await record(context);
  const operator: OperatorRun[] = [];
  const raw: RawRun[] = [];
  for (let round = 1; round <= config.ROUNDS; round += 1) {
    operator.push(await operatorRun(context, `cold-operator-${round}`));
    say(`round ${round}: operator ${seconds(operator.at(-1)?.tookMs ?? 0)}`);
    raw.push(await rawRun(context, { recorded, name: `cold-raw-${round}`, withWatches: false }));
    say(`round ${round}: raw ${seconds((raw.at(-1)?.seconds ?? 0) * 1_000)}`);
  }
  const watching = await rawRun(context, { recorded, name: 'cold-raw-watching', withWatches: true });
  return outcomeOf(context, { operator, raw, watching });
}

/** A run of its own, not timed: recording costs the operator time. */
async function record(context: BenchContext): Promise<Recorded> {
  context.say('recording what the operator asks of the API server');
  const path = join(context.instance.data, 'requests.jsonl');
  const { tenants } = await withOperator(context, 'cold-record', { recordTo: path });
  return { path, tenants };
}

async function operatorRun(context: BenchContext, name: string): Promise<OperatorRun> {
  const profileTo = context.config.PROFILE ? context.instance.logs : undefined;
  const { run } = await withOperator(context, name, { profileTo });
  return run;
}

async function withOperator(
  { instance, programs, config }: BenchContext,
  name: string,
  options: Omit<OperatorOptions, 'flags'>,
): Promise<{ readonly run: OperatorRun; readonly tenants: readonly MadeTenant[] }> {
  const site = await openSite({ instance, programs, name });
  try {
    const { tenants, perSecond } = await makeTenants(site, config.TENANTS);
    const operator = await startOperator(site, { flags: config.OPERATOR_FLAGS, ...options });
    const count = config.TENANTS;
    const timeoutMs = settleTimeoutMs(count);
    const emptyAtMs = await waitSettled(site, operator, { tenants: count, timeoutMs });
    const metrics = await operator.metrics();
    const requests = metrics.sum('rest_client_requests_total');
    const usage = operator.usage();
    assertNoDrift(driftIn(metrics, { countMissing: false }));
    await assertProjected(site, count);
    await operator.stop();
    const tookMs = emptyAtMs - operator.startedAtMs;
    return { run: { tookMs, requests, tenantPostsPerSecond: perSecond, usage }, tenants };
  } finally {
    await site.close();
  }
}

async function rawRun(
  { instance, programs, config }: BenchContext,
  options: { readonly recorded: Recorded; readonly name: string; readonly withWatches: boolean },
): Promise<RawRun> {
  const { recorded, name, withWatches } = options;
  const site = await openSite({ instance, programs, name });
  try {
    const { tenants: present } = await makeTenants(site, config.TENANTS);
    const resultPath = join(site.directory, 'replay-result.json');
    await runReplay(site, settleTimeoutMs(config.TENANTS), {
      kubeconfigPath: site.operatorKubeconfigPath,
      recording: recorded.path,
      recorded: recorded.tenants,
      present,
      withWatches,
      resultPath,
    });
    const replayed = JSON.parse(readFileSync(resultPath, 'utf8')) as Omit<RawRun, 'plainPostsPerSecond'>;
    assertSame(replayed);
    const plainPostsPerSecond = await plainPostRate(site, Math.min(PLAIN_POSTS, config.TENANTS));
    return { ...replayed, plainPostsPerSecond };
  } finally {
    await site.close();
  }
}

async function runReplay(site: Site, timeoutMs: number, task: ReplayTask): Promise<void> {
  const taskPath = join(site.directory, 'replay-task.json');
  writeFileSync(taskPath, JSON.stringify(task));
  const child = await site.processes.start({
    name: 'replay',
    command: process.execPath,
    args: ['hack/bench/operator/replay/main.ts'],
    cwd: REPOSITORY,
    env: { TASK: taskPath, NODE_NO_WARNINGS: '1' },
  });
  await child.finished(timeoutMs);
}

/** A replay whose replies are others than the operator's has done other work, and says nothing. */
function assertSame({ requests, differing }: Replayed): void {
  const others = Object.values(differing).reduce((sum, count) => sum + count, 0);
  if (others <= requests * MOST_DIFFERING) return;
  throw new LocalError(
    'replay_differs',
    `${others} of ${requests} replies differ from the recorded ones: ${JSON.stringify(differing)}.`,
  );
}

function outcomeOf(
  { config }: BenchContext,
  runs: {
    readonly operator: readonly OperatorRun[];
    readonly raw: readonly RawRun[];
    readonly watching: RawRun;
  },
): BenchOutcome {
  const { operator, raw, watching } = runs;
  const operatorMs = medianOf(operator.map(({ tookMs }) => tookMs));
  const rawMs = medianOf(raw.map((run) => run.seconds * 1_000));
  const replayed = raw[0]?.requests ?? 0;
  const ratio = rawMs / operatorMs;
  const spread = distributionOf(operator.map(({ tookMs }) => tookMs));
  const posts = medianOf([...raw, watching].map((run) => run.plainPostsPerSecond));
  const tenantPosts = medianOf(operator.map((run) => run.tenantPostsPerSecond));
  const rate = (ms: number) => `${whole(replayed / (ms / 1_000))} requests/s`;
  const count = `${whole(config.TENANTS)} Tenants`;
  return {
    rows: [
      {
        what: `${count} cold: from the process's start until all are Ready`,
        measured:
          `${seconds(operatorMs)} (slowest of ${operator.length}: ${seconds(spread.max)}), ` +
          `${rate(operatorMs)}, ${(replayed / config.TENANTS).toFixed(1)} requests a Tenant`,
      },
      {
        what: 'the same requests from a bare pool, nothing else open',
        measured: `${seconds(rawMs)}, ${rate(rawMs)}`,
      },
      {
        what: 'operator / bare pool',
        target: `≥ ${percent(TARGET)}`,
        measured: percent(ratio),
        isMet: ratio >= TARGET,
      },
      {
        what: "operator / bare pool that also reads the operator's watches",
        measured: percent((watching.seconds * 1_000) / operatorMs),
      },
      {
        what: 'plain POST, for comparison',
        measured: `${whole(posts)} small ConfigMaps/s, ${whole(tenantPosts)} Tenants of 8 KB/s`,
      },
    ],
    figures: { operator, raw, watching, ratio },
  };
}
