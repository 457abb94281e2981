import { type BenchOutcome, percent, whole } from '../bench-outcome.ts';
import { type Distribution, distributionOf, medianOf } from '../distribution.ts';
import { processUsage } from '../process-usage.ts';
import type { BenchContext } from './bench-context.ts';
import { after, askSteadily } from './steady-load.ts';

const TARGET = 0.5;
const IN_FLIGHT = 32;
/** Until connections are open and code is compiled. */
const WARM_UP_SECONDS = 3;

const ROUTES = ['usage', 'transaction', 'query'] as const;
type RouteName = (typeof ROUTES)[number];

interface Measured {
  readonly perSecond: number;
  /** Of the server's process alone. */
  readonly cpuMicros: number;
  readonly replyMs: Distribution;
}

/**
 * `GET /api/admin/usage` with an access token beside bare routes, which take turns. What ours does besides the
 * same transaction: routing, two budgets in Redis, the token, session and membership, usage and limits by
 * schemas, headers, metrics.
 */
export async function readBench(context: BenchContext): Promise<BenchOutcome> {
  const { config, say } = context;
  const rounds: Record<RouteName, Measured>[] = [];
  for (const route of ROUTES) await ask(context, route, WARM_UP_SECONDS);
  for (let round = 1; round <= config.ROUNDS; round += 1) {
    say(`round ${round} of ${config.ROUNDS}: each route for ${config.SECONDS} s`);
    const usage = await ask(context, 'usage', config.SECONDS);
    const transaction = await ask(context, 'transaction', config.SECONDS);
    const query = await ask(context, 'query', config.SECONDS);
    rounds.push({ usage, transaction, query });
  }
  const shares = rounds.map(({ usage, transaction }) => usage.perSecond / transaction.perSecond);
  const share = medianOf(shares);
  const cpu = (route: RouteName) => `${whole(medianOf(rounds.map((round) => round[route].cpuMicros)))} µs`;
  const rate = (route: RouteName) => whole(medianOf(rounds.map((round) => round[route].perSecond)));
  return {
    rows: [
      {
        what: 'authenticated `GET /api/admin/usage`, of the rate of a bare route with the same begin, set_config, query and commit',
        target: `≥ ${percent(TARGET)}`,
        measured: `${percent(share)} (${rate('usage')} of ${rate('transaction')} a second; ${rate('query')} with the one query alone)`,
        isMet: share >= TARGET,
      },
      {
        what: "CPU time of the server's process for one of those requests",
        measured: `${cpu('usage')}; ${cpu('transaction')} of the bare route, ${cpu('query')} with the one query`,
      },
    ],
    figures: { shares, rounds },
  };
}

async function ask({ site }: BenchContext, route: RouteName, seconds: number): Promise<Measured> {
  const server = route === 'usage' ? site.api : site.bare;
  const target =
    route === 'usage' ? { path: '/api/admin/usage', token: await site.token() } : { path: `/${route}` };
  const cpuBefore = processUsage(server.pid).cpuSeconds;
  const times = await askSteadily({
    url: server.url,
    ...target,
    inFlight: IN_FLIGHT,
    isOver: after(seconds),
  });
  const cpuSeconds = processUsage(server.pid).cpuSeconds - cpuBefore;
  return {
    perSecond: times.length / seconds,
    cpuMicros: (cpuSeconds * 1e6) / times.length,
    replyMs: distributionOf(times),
  };
}
