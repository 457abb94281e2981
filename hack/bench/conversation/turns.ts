/** How quickly the conversation itself replies and falls silent, far from a full pod, beside a socket that does nothing else. */
import type { BenchOutcome } from '../bench-outcome.ts';
import { msText } from '../calls/calls.ts';
import { measureTurns } from '../calls/turns.ts';
import { distributionOf } from '../distribution.ts';
import { measureBareSocket } from './bare-socket.ts';
import type { BenchContext } from './bench-context.ts';

const CALLS = 15;
const SPARE_SLOTS = 5;

export async function turnsBench({ config, open, say }: BenchContext): Promise<BenchOutcome> {
  const forMs = (config.SECONDS * 1_000) / 2;
  const site = await open({ name: 'turns', slots: CALLS + SPARE_SLOTS, profile: 'realistic' });
  const { rows, figures } = await measureTurns(site, { calls: CALLS, forMs, say });
  await site.close();
  say('the same by a bare socket');
  const bare = await measureBareSocket(forMs / 5);
  const [replies, clears] = [distributionOf(bare.repliesMs), distributionOf(bare.clearsMs)];
  return {
    rows: [
      ...rows,
      {
        what: 'the same by a bare socket, which replies in the first silent frame and clears in the first loud one',
        measured:
          `reply p50 ${msText(replies.p50)}, p99 ${msText(replies.p99)}; ` +
          `clear p50 ${msText(clears.p50)}, p99 ${msText(clears.p99)} (${replies.count} turns)`,
      },
    ],
    figures: { ...figures, bare: { replies, clears } },
  };
}
