import { Resampler } from '#runtime/media/resampler.ts';
import {
  type Resample,
  type ResamplingQuality,
  resamplingQuality,
} from '#runtime/media/testing/resampling-quality.ts';
import { type BenchOutcome, type BenchRow, whole } from '../bench-outcome.ts';
import { type MeasuredSpeech, shortest } from './measured-speech.ts';

/** Engines' 24 and 22.05 kHz to the line, and the line to the recogniser and to the voice-activity model. */
const PAIRS = [
  [24_000, 8_000],
  [24_000, 16_000],
  [22_050, 8_000],
  [16_000, 8_000],
  [8_000, 16_000],
  [48_000, 16_000],
] as const;
/** What aliases is to be so much softer than the tone that it comes from. */
const TARGET_DB = -60;

export async function measureResampling(speech: MeasuredSpeech): Promise<BenchOutcome> {
  const { speechAt, seconds, tools, say } = speech;
  const rows: BenchRow[] = [];
  const figures: Record<string, unknown> = {};
  for (const [from, to] of PAIRS) {
    const name = `${from / 1_000} → ${to / 1_000} kHz`;
    say(`  resampling ${name}`);
    const samples = speechAt(from);
    const ours = await shortest(() => inFrames(samples, from, to));
    const sox = await shortest(() => tools.soxResampled(samples, from, to));
    const ffmpeg = await shortest(() => tools.ffmpegResampled(samples, from, to));
    const speeds = { ours: ours.ms, sox: sox.ms, ffmpeg: ffmpeg.ms };
    const bySox: Resample = async (tone) => (await tools.soxResampled(tone, from, to)).result;
    const byFFmpeg: Resample = async (tone) => (await tools.ffmpegResampled(tone, from, to)).result;
    const quality = {
      ours: await resamplingQuality(from, to, (tone) => new Resampler(from, to).process(tone)),
      sox: await resamplingQuality(from, to, bySox),
      ffmpeg: await resamplingQuality(from, to, byFFmpeg),
    };
    figures[`resampling ${name}`] = { ms: speeds, quality };
    rows.push(speedRow(name, speeds, seconds), qualityRow(name, quality));
  }
  return { rows, figures };
}

/** As calls do it: 20 ms at a time, with a filter of its own. */
function inFrames(samples: Int16Array, from: number, to: number): { readonly ms: number } {
  const resampler = new Resampler(from, to);
  const frame = from / 50;
  const startedMs = performance.now();
  for (let at = 0; at < samples.length; at += frame) resampler.process(samples.subarray(at, at + frame));
  return { ms: performance.now() - startedMs };
}

interface Of<T> {
  readonly ours: T;
  readonly sox: T;
  readonly ffmpeg: T;
}

function speedRow(name: string, { ours, sox, ffmpeg }: Of<number>, seconds: number): BenchRow {
  const speed = (ms: number) => `${whole((seconds * 1_000) / ms)} ×`;
  return {
    what: `resampling ${name}: times as fast as speech`,
    measured: `${speed(ours)}; sox ${speed(sox)}, ffmpeg ${speed(ffmpeg)}`,
  };
}

function qualityRow(name: string, { ours, sox, ffmpeg }: Of<ResamplingQuality>): BenchRow {
  const told = ({ aliasingDb, rippleDb }: ResamplingQuality) =>
    `${aliasingDb.toFixed(0)} dB, ${rippleDb.toFixed(3)} dB`;
  return {
    what: `resampling ${name}: aliases and images, ripple of the pass band`,
    target: `≤ ${TARGET_DB} dB`,
    measured: `${told(ours)}, ${ours.delayMs.toFixed(1)} ms late; sox ${told(sox)}; ffmpeg ${told(ffmpeg)}`,
    isMet: ours.aliasingDb <= TARGET_DB,
  };
}
