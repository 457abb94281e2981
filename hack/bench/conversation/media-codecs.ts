import { lineQuality } from '#runtime/media/testing/line-quality.ts';
import { type Coders, openCoders } from '#runtime/media/testing/open-coders.ts';
import type { BenchOutcome, BenchRow } from '../bench-outcome.ts';
import { type MeasuredSpeech, shortest } from './measured-speech.ts';
import type { Coded, FFmpegFormat } from './sound-tools.ts';

interface CodecCase {
  readonly encoding: string;
  /** As the carrier announces it. */
  readonly rateHz: number;
  readonly ffmpeg: FFmpegFormat;
  readonly sox?: 'mu-law' | 'a-law';
}

const LAW_IN = ['-ar', '8000', '-ac', '1'];
const CASES: readonly CodecCase[] = [
  { encoding: 'PCMU', rateHz: 8_000, ffmpeg: { container: 'mulaw', decoder: LAW_IN }, sox: 'mu-law' },
  { encoding: 'PCMA', rateHz: 8_000, ffmpeg: { container: 'alaw', decoder: LAW_IN }, sox: 'a-law' },
  { encoding: 'G722', rateHz: 8_000, ffmpeg: { container: 'g722' } },
  {
    encoding: 'L16',
    rateHz: 16_000,
    ffmpeg: { container: 's16be', decoder: ['-ar', '16000', '-ac', '1'] },
  },
  { encoding: 'OPUS', rateHz: 8_000, ffmpeg: opus('16k') },
  { encoding: 'OPUS', rateHz: 16_000, ffmpeg: opus('24k') },
];

/** The same as ours: speech, packets of 20 ms, complexity 5. */
function opus(bitrate: string): FFmpegFormat {
  const encoder = ['-c:a', 'libopus', '-b:a', bitrate, '-application', 'voip'];
  return {
    container: 'ogg',
    encoder: [...encoder, '-frame_duration', '20', '-compression_level', '5'],
    decoder: ['-c:a', 'libopus'],
  };
}

/** So much of it is compared sample by sample. */
const COMPARED_SECONDS = 20;

export async function measureCodecs(speech: MeasuredSpeech): Promise<BenchOutcome> {
  const rows: BenchRow[] = [];
  const figures: Record<string, unknown> = {};
  for (const codec of CASES) {
    const { encoding, rateHz } = codec;
    const name = `${encoding} at ${rateHz / 1_000} kHz`;
    speech.say(`  ${name}`);
    const measured = await measureCodec(codec, speech);
    figures[name] = measured.figures;
    rows.push(...measured.rows.map((row) => ({ ...row, what: `${name}: ${row.what}` })));
  }
  return { rows, figures };
}

async function measureCodec(
  { encoding, rateHz, ffmpeg, sox }: CodecCase,
  { speechAt, seconds, tools }: MeasuredSpeech,
): Promise<BenchOutcome> {
  const probe = await openCoders(encoding, rateHz);
  const { sampleRateHz } = probe.encoder;
  const samples = speechAt(sampleRateHz);
  const ours = await shortest(async () => timed(samples, await openCoders(encoding, rateHz)));
  const others: Record<string, Coded> = {
    ffmpeg: await quickest(() => tools.ffmpegCoded(samples, sampleRateHz, ffmpeg)),
  };
  if (sox) others['sox'] = await quickest(() => tools.soxCoded(samples, sox));
  const frames = seconds * 50;
  const costs = { ours, ...others };
  const cost = ({ encodeMs, decodeMs }: Pick<Coded, 'encodeMs' | 'decodeMs'>) =>
    `${microseconds(encodeMs / frames)} + ${microseconds(decodeMs / frames)}`;
  const quality = Object.fromEntries(
    Object.entries(costs).map(([who, { result }]) => [who, signalToNoiseDb(samples, result, sampleRateHz)]),
  );
  const told = (figure: (who: string) => string) =>
    [figure('ours'), ...Object.keys(others).map((who) => `${who} ${figure(who)}`)].join('; ');
  const differing = encoding === 'OPUS' ? undefined : differingBytes(ours.coded, others['ffmpeg']?.coded);
  const rows: BenchRow[] = [
    {
      what: 'a frame of 20 ms coded + decoded',
      measured: told((who) => cost((costs as Record<string, Coded>)[who] ?? ours)),
    },
    { what: 'speech above its own noise', measured: told((who) => `${quality[who]?.toFixed(1)} dB`) },
  ];
  if (encoding === 'G722') {
    const what = 'bytes that ffmpeg codes otherwise';
    rows.push({ what, target: '0', measured: String(differing), isMet: differing === 0 });
  }
  const ms = Object.fromEntries(
    Object.entries(costs).map(([who, { encodeMs, decodeMs }]) => [who, { encodeMs, decodeMs }]),
  );
  return { rows, figures: { ms, signalToNoiseDb: quality, differing } };
}

/** As calls do it: 20 ms at a time. */
function timed(samples: Int16Array, { encoder, decoder }: Coders): Coded & { readonly ms: number } {
  const frame = encoder.sampleRateHz / 50;
  const startedMs = performance.now();
  const packets: Buffer[] = [];
  for (let at = 0; at < samples.length; at += frame)
    packets.push(encoder.encode(samples.subarray(at, at + frame)));
  const encodedMs = performance.now();
  let decoded: Int16Array | undefined;
  for (const packet of packets) decoded = decoder.decode(packet, decoded);
  const decodedMs = performance.now();
  const times = { encodeMs: encodedMs - startedMs, decodeMs: decodedMs - encodedMs };
  const result = heardOf(packets.slice(0, COMPARED_SECONDS * 50), decoder);
  encoder.close();
  decoder.close();
  return { ...times, ms: decodedMs - startedMs, coded: Buffer.concat(packets), result };
}

function heardOf(packets: readonly Buffer[], decoder: Coders['decoder']): Int16Array {
  return Int16Array.from(packets.flatMap((packet) => [...decoder.decode(packet)]));
}

async function quickest(run: () => Promise<Coded>): Promise<Coded> {
  return shortest(async () => {
    const coded = await run();
    return { ...coded, ms: coded.encodeMs + coded.decodeMs };
  });
}

/** Compared at 16 kHz at most, which is what Opus is decoded to. */
function signalToNoiseDb(sent: Int16Array, heard: Int16Array, sampleRateHz: number): number {
  const length = COMPARED_SECONDS * sampleRateHz;
  return lineQuality(sent.subarray(0, length), heard.subarray(0, length)).signalToNoiseDb;
}

function differingBytes(ours: Buffer, theirs: Buffer | undefined): number {
  return ours.reduce((count, byte, at) => count + (byte === theirs?.[at] ? 0 : 1), 0);
}

function microseconds(ms: number): string {
  return `${(ms * 1_000).toFixed(1)} µs`;
}
