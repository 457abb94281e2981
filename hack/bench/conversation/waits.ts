/**
 * How long callers who stop to think wait, and how often they are cut off, by the conversation alone: on a fake clock, so
 * that no machine has a part in it, and the same calls come to the same figures.
 */
import { fliteVoices } from '#hack/engines/flite.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { VoiceActivity } from '#runtime/voice/voice-activity.ts';
import type { BenchOutcome, BenchRow } from '../bench-outcome.ts';
import { APPOINTMENT_INTERVIEW } from './appointment-interview.ts';
import type { BenchContext } from './bench-context.ts';
import { Chance } from './chance.ts';
import { DENTIST_INTERVIEW } from './dentist-interview.ts';
import { DRIVERS } from './drivers.ts';
import { GARAGE_INTERVIEW } from './garage-interview.ts';
import { publishedDelays, summedMs } from './published-delays.ts';
import type { RecordedTurn } from './recorded-turns.ts';
import { simulateCall } from './simulated/simulated-call.ts';
import { simulatedEngines } from './simulated/simulated-engines.ts';
import { SpokenPhrases } from './simulated/spoken-phrases.ts';
import { turnFigures, turnRows } from './turn-figures.ts';

const INTERVIEWS = [APPOINTMENT_INTERVIEW, GARAGE_INTERVIEW, DENTIST_INTERVIEW] as const;
/** Seconds that a bench of real calls takes for as many. */
const SECONDS_A_CALL = 2;
const SEED = 1;

export async function waitsBench({ config, say }: BenchContext): Promise<BenchOutcome> {
  const clock = new FakeClock();
  const detectors = new VoiceActivity({ clock, log: silentLogger, observer: { frameDropped: () => {} } });
  const calls = Math.ceil(config.SECONDS / SECONDS_A_CALL);
  const rows: BenchRow[] = [];
  const figures: Record<string, unknown> = {};
  for (const interview of INTERVIEWS) {
    const phrases = await SpokenPhrases.speak(interview.turns.flat(2), fliteVoices);
    for (const { name, hasModel, kinds } of DRIVERS) {
      const of = `${name}, ${interview.name}, on a fake clock`;
      say(`${of}: ${calls} calls`);
      const chance = new Chance(SEED);
      const rules = hasModel ? interview.rules : undefined;
      const delays = publishedDelays(chance);
      const engines = simulatedEngines({ clock, delays, ear: phrases.ear, rules });
      const turns: RecordedTurn[] = [];
      for (let call = 0; call < calls; call++) {
        turns.push(...(await simulateCall({ interview, phrases, chance, clock, detectors, engines })));
      }
      const enginesMs = summedMs(engines.delaysMs, kinds);
      rows.push(...turnRows(of, turns, enginesMs));
      figures[of] = { ...turnFigures(turns), enginesMs };
    }
  }
  return { rows, figures };
}
