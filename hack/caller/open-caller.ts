import { z } from 'zod';
import { synthesise } from '#hack/engines/flite.ts';
import { JobPool } from '#hack/engines/job-pool.ts';
import { Pocketsphinx } from '#hack/engines/pocketsphinx.ts';
import type { OpenCaller } from '#hack/standins/telnyx/calls/caller.ts';
import { openSilentCaller } from '#hack/standins/telnyx/calls/caller.ts';
import { parse } from '#hack/standins/telnyx/rest/page.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { type CallerScript, callerScriptSchema } from './caller-script.ts';
import { ScenarioCaller } from './scenario-caller.ts';
import { scenarioScriptSchema } from './scenario-script.ts';
import { type CallerSpeech, ScriptedCaller } from './scripted-caller.ts';

const LINE_HZ = 16_000;
const MAX_CACHED = 200;
const CONCURRENCY = 2;
const MAX_QUEUED = 200;

const kindSchema = z.object({ kind: z.string() });

/** Makes callers of kinds `script` and `scenario` with flite's mouth and PocketSphinx's ear; without a spec, a silent one. */
export function createOpenCaller(path: string): OpenCaller {
  const speech = createCallerSpeech(path);
  return (spec, line) => {
    if (spec === undefined || spec === null) return openSilentCaller(spec, line);
    return kindSchema.safeParse(spec).data?.kind === 'scenario'
      ? new ScenarioCaller(parse(scenarioScriptSchema, spec), line, speech)
      : new ScriptedCaller(parse(callerScriptSchema, spec), line, speech);
  };
}

/** Speech by child processes, of which few run at once; what was said is kept, for the next call says it too. */
export function createCallerSpeech(path: string): CallerSpeech {
  const recogniser = new Pocketsphinx({ path });
  const pool = new JobPool(CONCURRENCY, MAX_QUEUED);
  const spoken = new Map<string, Int16Array>();
  return {
    async synthesise(text, voice, signal) {
      const key = `${voice} ${text}`;
      const known = spoken.get(key);
      if (known) return known;
      const samples = await pool.run(() => atLineRate(text, voice, signal), signal);
      if (spoken.size < MAX_CACHED) spoken.set(key, samples);
      return samples;
    },
    recognise: (samples, signal) =>
      pool.run(() => recogniser.recognise({ sampleRateHz: LINE_HZ, samples }, signal), signal),
  };
}

async function atLineRate(
  text: string,
  voice: CallerScript['voice'],
  signal: AbortSignal,
): Promise<Int16Array> {
  const { sampleRateHz, samples } = await synthesise(text, { voice, signal });
  return new Resampler(sampleRateHz, LINE_HZ).process(samples);
}
