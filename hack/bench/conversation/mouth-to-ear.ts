/**
 * How long callers who stop to think wait for a reply, and how often they are cut off, by the recordings that the
 * carrier's stand-in makes; with engines that take as long as is published, for each of the two drivers and of two
 * businesses.
 */
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { fliteVoices } from '#hack/engines/flite.ts';
import { readBody } from '#hack/engines/read-body.ts';
import { readUpload } from '#hack/engines/transcription-route.ts';
import type { Audio } from '#hack/engines/wav.ts';
import { startBenchEngines } from '../bench-engines.ts';
import { type BenchOutcome, type BenchRow, percent } from '../bench-outcome.ts';
import type { CallSite } from '../calls/call-site.ts';
import { paceText } from '../calls/watch-pace.ts';
import { APPOINTMENT_INTERVIEW } from './appointment-interview.ts';
import type { BenchContext } from './bench-context.ts';
import { Chance } from './chance.ts';
import { DRIVERS, type Driver } from './drivers.ts';
import { GARAGE_INTERVIEW } from './garage-interview.ts';
import type { Interview } from './interview.ts';
import { holdCalls, openPausingCaller, type RecordedCall } from './pausing-crowd.ts';
import { PhraseBook } from './phrase-book.ts';
import { type PodLoad, withPodLoad } from './pod-load.ts';
import { publishedDelays, summedMs } from './published-delays.ts';
import { turnFigures, turnRows } from './turn-figures.ts';

const INTERVIEWS = [APPOINTMENT_INTERVIEW, GARAGE_INTERVIEW] as const;
/** Far from what a pod holds: it is the conversation that is measured. */
const CALLERS = 40;
const SPARE_SLOTS = 5;
/** Half a minute at 16 kHz. */
const MAX_UPLOAD_BYTES = 1024 * 1024;

export async function mouthToEarBench(context: BenchContext): Promise<BenchOutcome> {
  const rows: BenchRow[] = [];
  const figures: Record<string, unknown> = {};
  for (const interview of INTERVIEWS) {
    const book = await PhraseBook.speak(interview.turns.flat(2), fliteVoices);
    for (const driver of DRIVERS) {
      const measured = await measure(context, { interview, book, driver });
      const name = `${driver.name}, ${interview.name}`;
      rows.push(...rowsOf(name, measured));
      figures[name] = figuresOf(measured);
    }
  }
  return { rows, figures };
}

interface Measured {
  readonly calls: readonly RecordedCall[];
  /** The engines' own delays, added up. */
  readonly enginesMs: number;
  /** Where the runtime says that the time went. */
  readonly stages: Readonly<Record<string, number>>;
  readonly load: PodLoad;
  readonly modelRequests: number;
}

interface Round {
  readonly interview: Interview;
  readonly book: PhraseBook;
  readonly driver: Driver;
}

async function measure(
  { config, folder, say, open }: BenchContext,
  { interview, book, driver: { name, hasModel, kinds } }: Round,
): Promise<Measured> {
  const chance = new Chance();
  const forMs = (config.SECONDS * 1_000) / DRIVERS.length;
  const engines = await startBenchEngines({
    hear: async (upload) => book.ear.hear((await audioOf(upload)).samples),
    delays: publishedDelays(chance),
    ...(hasModel ? { rules: interview.rules } : {}),
  });
  const site = await open({
    name: `${name}-${interview.name}`.replaceAll(' ', '-'),
    slots: CALLERS + SPARE_SLOTS,
    profile: 'realistic',
    engines,
    answering: interview.answering,
    // An L16 line carries samples as they were said, by which the recogniser knows them.
    env: { STREAM_CODEC: 'L16', STREAM_SAMPLE_RATE: '16000' },
    carrier: {
      recordingFolder: join(folder, 'recordings'),
      openCaller: (_spec, line) => openPausingCaller(interview, { book, chance }, line),
    },
  });
  say(`${name}, ${interview.name}: ${CALLERS} callers for ${forMs / 1_000} s, each call to its end`);
  const held = await withPodLoad(site, holdCalls(site.telnyx.control, CALLERS, forMs));
  const stages = await stagesOf(site);
  await site.close();
  const { result: calls, load } = held;
  const modelRequests = engines.delaysMs.llm.length;
  return { calls, enginesMs: summedMs(engines.delaysMs, kinds), stages, load, modelRequests };
}

async function audioOf(upload: IncomingMessage): Promise<Audio> {
  return (await readUpload(upload, await readBody(upload, MAX_UPLOAD_BYTES))).audio;
}

/** The mean time of each stage, in ms. */
async function stagesOf({ runtime }: CallSite): Promise<Readonly<Record<string, number>>> {
  const page = await runtime.metrics();
  const metric = 'veralux_turn_stage_seconds';
  const mean = (stage: string) => {
    const is = (labels: Readonly<Record<string, string>>) => labels['stage'] === stage;
    return (page.sum(`${metric}_sum`, is) * 1_000) / page.sum(`${metric}_count`, is);
  };
  const stages = page.labelsOf(`${metric}_sum`).map(({ stage = '' }) => stage);
  return Object.fromEntries(stages.map((stage) => [stage, mean(stage)]));
}

function rowsOf(driver: string, { calls, enginesMs, load }: Measured): BenchRow[] {
  const turns = calls.flatMap((call) => call.turns);
  const unanswered = turns.filter(({ outcome }) => outcome.kind === 'Unanswered').length;
  const taken = calls.filter((call) => call.turns.length > 0);
  const byAgent = taken.filter(({ endedBy }) => endedBy === 'callee').length;
  return [
    ...turnRows(driver, turns, enginesMs),
    {
      what: `turns without an answer, ${driver}`,
      target: '0',
      measured: `${unanswered} of ${turns.length}; ${calls.length - taken.length} of ${calls.length} calls were not taken, ${byAgent} came to the agent's goodbye`,
      isMet: unanswered === 0,
    },
    {
      what: `the pod and its callers meanwhile, ${driver}`,
      measured: `${percent(load.cpuShare)} of its CPU; strained at ${load.strained} of ${load.looks} looks; of the callers, ${paceText(load.pace)}`,
    },
  ];
}

function figuresOf({ calls, enginesMs, stages, load, modelRequests }: Measured): object {
  const turns = turnFigures(calls.flatMap((call) => call.turns));
  return { calls: calls.length, modelRequests, ...turns, enginesMs, stages, load };
}
