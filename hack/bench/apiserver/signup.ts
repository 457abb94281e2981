import { hash } from 'bcrypt';
import { type BenchOutcome, whole } from '../bench-outcome.ts';
import { distributionOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import { signUp } from './people.ts';

/** The API server's own cost factor. */
const BCRYPT_COST = 12;

/** Companies sign up one after the other, in turn with a bare hash of a password in this process. */
export async function signupBench({ site, config, say }: BenchContext): Promise<BenchOutcome> {
  say(`${config.LOGINS} companies sign up`);
  const signups: number[] = [];
  const hashes: number[] = [];
  for (let count = 0; count < config.LOGINS; count += 1) {
    signups.push(await timed(() => signUp(site.api.url, `${crypto.randomUUID()}@example.com`)));
    hashes.push(await timed(() => hash('a long enough password', BCRYPT_COST)));
  }
  const [signup, bcrypt] = [distributionOf(signups), distributionOf(hashes)];
  return {
    rows: [
      {
        what: 'sign-up, request → reply, one after the other',
        measured:
          `p50 ${whole(signup.p50)} ms, p99 ${whole(signup.p99)} ms; ` +
          `one bcrypt hash alone p50 ${whole(bcrypt.p50)} ms, p99 ${whole(bcrypt.p99)} ms`,
      },
    ],
    figures: { signup, bcrypt },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganAtMs = performance.now();
  await work();
  return performance.now() - beganAtMs;
}
