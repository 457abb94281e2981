/** The same lists, watches and GETs by our client and by that of @kubernetes/client-node. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { type BenchOutcome, seconds, whole } from '../bench-outcome.ts';
import { distributionOf } from '../distribution.ts';
import { inParallel, RawPool } from '../raw-pool.ts';
import type { BenchContext } from './bench-context.ts';
import { epochMs, SENT_AT } from './load-child/event-delays.ts';
import type { LoadResult, LoadTask } from './load-child/load-task.ts';
import { IN_FLIGHT } from './make-tenants.ts';
import type { Site } from './site.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const CHILD_TIMEOUT_MS = 5 * 60_000;
const EVENTS = 3_000;
const GETS = 5_000;

type Client = LoadTask['client'];
type Ask = Pick<LoadTask, 'client' | 'load' | 'count'>;

export async function stockClientBench({ populated, config, say }: BenchContext): Promise<BenchOutcome> {
  const populatedSite = await populated();
  await populatedSite.quiet();
  const { site } = populatedSite;
  const measure = (client: Client, load: LoadTask['load'], count: number) => {
    say(`${load} of ${count} by ${client}`);
    return runLoad(site, { client, load, count });
  };
  const both = async (load: LoadTask['load'], count: number) => ({
    ours: await measure('ours', load, count),
    stock: await measure('stock', load, count),
  });
  const lists = await both('list', config.TENANTS);
  const watches = await both('watch', Math.min(EVENTS, config.TENANTS));
  const gets = { ...(await both('get', GETS)), raw: await measure('raw', 'get', GETS) };
  const memory = ({ peakRSSMB }: LoadResult) => `${whole(peakRSSMB)} MB at its peak`;
  const perSecond = ({ tookMs }: LoadResult) => whole(GETS / (tookMs / 1_000));
  const delays = ({ delaysMs = [] }: LoadResult) => {
    const { p50, p99 } = distributionOf(delaysMs);
    return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  };
  return {
    rows: [
      {
        what: `first list of ${whole(config.TENANTS)} Tenants of 8 KB: our informer · client-node's`,
        measured:
          `${seconds(lists.ours.tookMs)}, ${memory(lists.ours)} · ` +
          `${seconds(lists.stock.tookMs)}, ${memory(lists.stock)}`,
      },
      {
        what: `write → its watch event, ${whole(watches.ours.delaysMs?.length ?? 0)} writes as fast as they go: our informer · client-node's`,
        measured: `${delays(watches.ours)} · ${delays(watches.stock)}`,
      },
      {
        what: `GET, ${IN_FLIGHT} in flight: our client · client-node's · bare pool`,
        measured: `${perSecond(gets.ours)}/s · ${perSecond(gets.stock)}/s · ${perSecond(gets.raw)}/s`,
      },
    ],
    figures: { lists, watches: { ours: shown(watches.ours), stock: shown(watches.stock) }, gets },
  };
}

function shown({ delaysMs = [], ...result }: LoadResult): object {
  return { ...result, delays: distributionOf(delaysMs) };
}

async function runLoad(site: Site, ask: Ask): Promise<LoadResult> {
  const name = `${ask.load}-${ask.client}`;
  const inDirectory = (suffix: string) => join(site.directory, `${name}-${suffix}`);
  const namespace = `bench-${name}`;
  const task: LoadTask = {
    ...ask,
    namespace,
    kubeconfigPath: site.kubeconfigPath,
    inFlight: IN_FLIGHT,
    readyPath: inDirectory('ready'),
    resultPath: inDirectory('result.json'),
  };
  const taskPath = inDirectory('task.json');
  writeFileSync(taskPath, JSON.stringify(task));
  // The namespace comes with a ConfigMap of the controller-manager's, which is what is read.
  await site.kubectl(['create', 'namespace', namespace]);
  await waitUntil(async () => (await rootCertificate(site, namespace)) !== '', CHILD_TIMEOUT_MS);
  const child = await site.processes.start({
    name,
    command: process.execPath,
    args: ['hack/bench/operator/load-child/main.ts'],
    cwd: REPOSITORY,
    env: { TASK: taskPath, NODE_NO_WARNINGS: '1' },
  });
  if (ask.load === 'watch') {
    await child.ready(async () => existsSync(task.readyPath), CHILD_TIMEOUT_MS);
    await makeEvents(site, namespace, ask.count);
  }
  await child.finished(CHILD_TIMEOUT_MS);
  return JSON.parse(readFileSync(task.resultPath, 'utf8')) as LoadResult;
}

function rootCertificate({ kubectl }: Site, namespace: string): Promise<string> {
  const object = ['configmap', 'kube-root-ca.crt', `--namespace=${namespace}`];
  return kubectl(['get', ...object, '--ignore-not-found', '--output=name']);
}

/** Makes ConfigMaps that say when they were sent. */
async function makeEvents(site: Site, namespace: string, count: number): Promise<void> {
  const pool = new RawPool(site.kubeconfigPath, IN_FLIGHT);
  try {
    await inParallel(count, IN_FLIGHT, async (index) => {
      const metadata = { name: `event-${index}` };
      const data = { [SENT_AT]: String(epochMs()) };
      const status = await pool.send({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/configmaps`,
        contentType: 'application/json',
        body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }),
      });
      if (status !== 201) throw new LocalError('event_not_made', `POST of ${metadata.name}: ${status}`);
    });
  } finally {
    await pool.close();
  }
}
