import { type BenchOutcome, whole } from '../bench-outcome.ts';
import { distributionOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import { logIn, signUp } from './people.ts';
import { after, askSteadily } from './steady-load.ts';

const TARGET_MS = 100;
const ALONE_SECONDS = 10;
/** A few people at work: their requests wait for each other less than for the passwords. */
const OTHERS = { path: '/api/admin/usage', inFlight: 4, pauseMs: 20 };

/** How long others wait while people log in, all at once; whoever is told that the server is busy tries again. */
export async function loginsBench({ site, config, say }: BenchContext): Promise<BenchOutcome> {
  const { url } = site.api;
  const { email } = await signUp(url, `${crypto.randomUUID()}@example.com`);
  const others = { ...OTHERS, url, token: await site.token() };
  say('others alone');
  const alone = distributionOf(await askSteadily({ ...others, isOver: after(ALONE_SECONDS) }));
  say(`others while ${config.LOGINS} log in`);
  let isOver = false;
  const beside = askSteadily({ ...others, isOver: () => isOver });
  const beganAtMs = performance.now();
  const logins = await Promise.all(Array.from({ length: config.LOGINS }, () => logIn(url, email)));
  const tookMs = performance.now() - beganAtMs;
  isOver = true;
  const during = distributionOf(await beside);
  const refused = logins.reduce((sum, login) => sum + login.refused, 0);
  return {
    rows: [
      {
        what: `other requests while ${config.LOGINS} people log in at once`,
        target: `p99 ≤ ${TARGET_MS} ms`,
        measured:
          `p99 ${whole(during.p99)} ms of ${whole(during.count)} (alone ${whole(alone.p99)} ms); all were in after ` +
          `${(tookMs / 1_000).toFixed(1)} s, and were told ${whole(refused)} times that the server was busy`,
        isMet: during.p99 <= TARGET_MS,
      },
    ],
    figures: { alone, during, tookMs, refused },
  };
}
