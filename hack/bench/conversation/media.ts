import { synthesise } from '#hack/engines/flite.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import type { BenchOutcome, BenchRow } from '../bench-outcome.ts';
import type { BenchContext } from './bench-context.ts';
import { measureCodecs } from './media-codecs.ts';
import { measureResampling } from './media-resampling.ts';
import { SoundTools } from './sound-tools.ts';

const SENTENCE =
  'Thank you for calling. My name is Alice Johnson, and I would like to book an appointment for tomorrow morning.';
const SPEECH_HZ = 48_000;

/** What it costs to convert and code speech, and what that does to it, beside sox and ffmpeg. */
export async function mediaBench({ config, folder, say }: BenchContext): Promise<BenchOutcome> {
  const { sampleRateHz, samples } = await synthesise(SENTENCE, { voice: 'rms' });
  const sentence = new Resampler(sampleRateHz, SPEECH_HZ).process(samples);
  const speechAt = (rateHz: number) => {
    const once = rateHz === SPEECH_HZ ? sentence : new Resampler(SPEECH_HZ, rateHz).process(sentence);
    const frame = rateHz / 50;
    const speech = new Int16Array(config.SECONDS * 50 * frame);
    for (let at = 0; at < speech.length; at += once.length)
      speech.set(once.subarray(0, speech.length - at), at);
    return speech;
  };
  const tools = new SoundTools(folder);
  const rows: BenchRow[] = [];
  const figures: Record<string, unknown> = {};
  for (const measure of [measureResampling, measureCodecs]) {
    const outcome = await measure({ speechAt, seconds: config.SECONDS, tools, say });
    rows.push(...outcome.rows);
    Object.assign(figures, outcome.figures);
  }
  return { rows, figures };
}
