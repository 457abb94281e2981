/** From the carrier's call.initiated until the caller hears the greeting, alone, beside other calls, and in a burst. */

import { waitUntil } from '#hack/local/wait-until.ts';
import type { Control } from '#hack/standins/telnyx/control/control.ts';
import { settingsOf } from '#hack/standins/telnyx/settings.ts';
import { type BenchOutcome, type BenchRow, seconds } from '../bench-outcome.ts';
import { type Distribution, distributionOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import type { CallSite } from './call-site.ts';
import { msText, SPARE_SLOTS } from './calls.ts';
import { gather, TAKES_TURNS } from './crowd.ts';

const TARGET_MS = 1_000;
const BURST = 50;
/** Calls that are looked at while others are up, and over how long they come in. */
const PROBES = 20;
const PROBES_WITHIN_MS = 8_000;
const HEARD_TIMEOUT_MS = 15_000;
/** Longer than a pod needs to calm down, where it does. */
const CALM_TIMEOUT_MS = 30_000;

const { webhookDelayMs, commandDelayMs } = settingsOf('realistic');
/** Two webhooks (initiated, answered) and two commands (answer, streaming_start). */
const CARRIER_MS = 2 * webhookDelayMs + 2 * commandDelayMs;

export async function firstAudioBench({ config, open, say }: BenchContext): Promise<BenchOutcome> {
  const { CALLS } = config;
  const rows: BenchRow[] = [];
  const figures: Record<string, FirstAudio> = {};
  const site = await open({ name: 'first-audio', slots: CALLS + BURST + SPARE_SLOTS, profile: 'realistic' });
  const note = (where: string, times: FirstAudio) => {
    figures[where] = times;
    rows.push(rowOf(where, times));
  };
  note('the first call of a pod', await firstAudio(site, 1, 1));
  for (const others of [0, 50, CALLS]) {
    say(`${PROBES} calls beside ${others} others`);
    const crowd = await gather(site.load(TAKES_TURNS), others);
    note(others === 0 ? 'alone' : `beside ${others} calls`, await firstAudio(site, PROBES, PROBES_WITHIN_MS));
    await crowd.leave();
  }
  say(`${BURST} calls in one second`);
  note(`of ${BURST} calls in one second`, await firstAudio(site, BURST, 1_000));
  await site.close();
  return { rows, figures: { carrierMs: CARRIER_MS, ...figures } };
}

const NOTHING_HEARD: Distribution = { count: 0, p50: Infinity, p95: Infinity, p99: Infinity, max: Infinity };

interface FirstAudio extends Distribution {
  /** Callers who heard nothing in time, as those who were told that all are busy. */
  readonly unheard: number;
}

/** Places calls and lets them hang up once they have heard something. */
async function firstAudio(site: CallSite, calls: number, withinMs: number): Promise<FirstAudio> {
  // A pod that the calls before kept busy takes no further ones for some seconds.
  await waitUntil(
    async () => (await site.runtime.metrics()).sum('veralux_load_level') === 0,
    CALM_TIMEOUT_MS,
  );
  const { control } = site.telnyx;
  const load = site.load(TAKES_TURNS);
  const ids = await load.place(calls, withinMs);
  const heard = () => ids.filter((id) => control.ledgerOf(id).firstSoundMs !== undefined);
  await waitUntil(() => heard().length === calls, HEARD_TIMEOUT_MS);
  const times = heard().map((id) => afterInitiatedMs(control, id));
  await load.hangUpAll();
  const heardAt = times.length === 0 ? NOTHING_HEARD : distributionOf(times);
  return { ...heardAt, unheard: calls - times.length };
}

function afterInitiatedMs(control: Control, id: string): number {
  const { initiatedAtMs, answeredAtMs = Number.NaN, firstSoundMs = Number.NaN } = control.ledgerOf(id);
  return answeredAtMs + firstSoundMs - initiatedAtMs;
}

function rowOf(where: string, { p50, p99, unheard }: FirstAudio): BenchRow {
  return {
    what: `call.initiated → first audio, ${where}; ${CARRIER_MS} ms of it are the carrier's own`,
    target: `p99 ≤ ${seconds(TARGET_MS)}`,
    measured: `p50 ${msText(p50)}, p99 ${msText(p99)}${unheard === 0 ? '' : `; ${unheard} heard nothing`}`,
    isMet: p99 <= TARGET_MS && unheard === 0,
  };
}
