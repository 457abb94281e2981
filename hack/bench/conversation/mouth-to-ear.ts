/**
 * How long callers who stop to think wait for a reply, and how often they are cut off, by the recordings that the
 * carrier's stand-in makes; with engines that take as long as is published, for each of the two drivers.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PausingCaller, type SpokenTurn, type TurnSpan } from '#hack/caller/pausing-caller.ts';
import { fliteVoices } from '#hack/engines/flite.ts';
import { readUpload } from '#hack/engines/transcription-route.ts';
import { decodeChannels } from '#hack/engines/wav.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import type { CallerLine } from '#hack/standins/telnyx/calls/caller.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { type EngineKind, startBenchEngines } from '../bench-engines.ts';
import { type BenchOutcome, type BenchRow, whole } from '../bench-outcome.ts';
import type { CallSite } from '../calls/call-site.ts';
import { NUMBERS } from '../calls/tenants.ts';
import { distributionOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import { INTERVIEW, INTERVIEW_RULES, TURNS } from './interview.ts';
import { PhraseBook } from './phrase-book.ts';
import { between, PUBLISHED_DELAYS, summedMs } from './published-delays.ts';
import { recordedTurns, type TurnOutcome } from './recorded-turns.ts';

interface Driver {
  readonly name: string;
  readonly rules?: typeof INTERVIEW_RULES;
  /** The engines that a reply takes. */
  readonly kinds: readonly EngineKind[];
}

const DRIVERS: readonly Driver[] = [
  { name: 'step by step', kinds: ['stt', 'tts'] },
  { name: 'language model', rules: INTERVIEW_RULES, kinds: ['stt', 'llm', 'tts'] },
];
/** Far from what a pod holds: it is the conversation that is measured. */
const CALLERS = 20;
const SPARE_SLOTS = 5;
/** A caller pauses for as long, as likely as not in between. */
const PAUSE_MS = [300, 1_200] as const;
/** People know by then that a question is over. */
const REPLIES_AFTER_MS = 700;
const CALL_TIMEOUT_MS = 180_000;
/** Over the sum of the engines' own delays. */
const P50_OVER_MS = 300;
const P95_OVER_MS = 600;
const MOST_CUT_OFF = 0.03;

export async function mouthToEarBench(context: BenchContext): Promise<BenchOutcome> {
  const book = await PhraseBook.speak(TURNS.flat(2), fliteVoices);
  const rows: BenchRow[] = [];
  const figures: Record<string, unknown> = {};
  for (const driver of DRIVERS) {
    const outcome = await measure(context, book, driver);
    rows.push(...outcome.rows);
    figures[driver.name] = outcome.figures;
  }
  return { rows, figures };
}

async function measure(
  { config, folder, say, open }: BenchContext,
  book: PhraseBook,
  { name, rules, kinds }: Driver,
): Promise<BenchOutcome> {
  const forMs = (config.SECONDS * 1_000) / DRIVERS.length;
  const engines = await startBenchEngines({
    hear: async (upload) => book.ear.hear((await readUpload(upload)).audio.samples),
    delays: PUBLISHED_DELAYS,
    ...(rules ? { rules } : {}),
  });
  const site = await open({
    name: name.replaceAll(' ', '-'),
    slots: CALLERS + SPARE_SLOTS,
    profile: 'realistic',
    engines,
    answering: INTERVIEW,
    // An L16 line carries samples as they were said, by which the recogniser knows them.
    env: { STREAM_CODEC: 'L16', STREAM_SAMPLE_RATE: '16000' },
    carrier: {
      recordingFolder: join(folder, 'recordings'),
      openCaller: (_spec, line) => openCaller(book, line),
    },
  });
  say(`${name}: ${CALLERS} callers for ${forMs / 1_000} s, each call to its end`);
  const untilMs = systemClock.monotonic() + forMs;
  const lanes = await Promise.all(
    Array.from({ length: CALLERS }, (_, lane) => callAgainAndAgain(site, lane, untilMs)),
  );
  const calls = lanes.flat();
  const stages = await stagesOf(site);
  await site.close();
  return outcomeOf(name, calls, { enginesMs: summedMs(engines, kinds), stages });
}

function openCaller(book: PhraseBook, line: CallerLine): PausingCaller {
  const voice = oneOf(fliteVoices);
  const turns = TURNS.map((phrasings): SpokenTurn => {
    return book.turn(oneOf(phrasings), voice, () => between(...PAUSE_MS));
  });
  return new PausingCaller({ turns, line, repliesAfterMs: REPLIES_AFTER_MS });
}

/** Calls are begun until then, one after the other; resolves to all turns once the last has ended. */
async function callAgainAndAgain(site: CallSite, lane: number, untilMs: number): Promise<MeasuredCall[]> {
  // Nobody calls at the same moment, nor do their calls end so.
  await systemClock.sleep(lane * APART_MS);
  const calls: MeasuredCall[] = [];
  while (systemClock.monotonic() < untilMs) calls.push(await callOnce(site, lane));
  return calls;
}

const APART_MS = 400;

interface MeasuredCall {
  readonly endedBy: string | undefined;
  readonly spans: readonly TurnSpan[];
  readonly outcomes: readonly TurnOutcome[];
}

async function callOnce({ telnyx: { control } }: CallSite, lane: number): Promise<MeasuredCall> {
  const { id } = control.placeCall({
    from: `+1312200${String(1_000 + lane)}`,
    to: NUMBERS[lane % NUMBERS.length]?.number ?? '',
    caller: { kind: 'pauses' },
  });
  const ended = await waitUntil(() => control.call(id).state === 'ended', CALL_TIMEOUT_MS);
  if (!ended) throw new LocalError('call_not_ended', 'A call of the bench did not come to its end.');
  const { recording = '', caller, hangupSource } = control.call(id);
  const { turns } = caller as { readonly turns: readonly TurnSpan[] };
  const outcomes = recordedTurns(decodeChannels(readFileSync(recording)), turns);
  rmSync(recording);
  return { endedBy: hangupSource, spans: turns, outcomes };
}

/** The mean of where the runtime says that the time went, in ms. */
async function stagesOf({ runtime }: CallSite): Promise<Readonly<Record<string, number>>> {
  const page = await runtime.metrics();
  const metric = 'veralux_turn_stage_seconds';
  const mean = (stage: string | undefined) => {
    const is = (labels: Readonly<Record<string, string>>) => labels['stage'] === stage;
    return (page.sum(`${metric}_sum`, is) * 1_000) / page.sum(`${metric}_count`, is);
  };
  return Object.fromEntries(
    page.labelsOf(`${metric}_sum`).map(({ stage = '' }) => [`${stage}Ms`, mean(stage)]),
  );
}

function outcomeOf(
  name: string,
  calls: readonly MeasuredCall[],
  { enginesMs, stages }: { readonly enginesMs: number; readonly stages: object },
): BenchOutcome {
  const turns = calls.flatMap(({ spans, outcomes }) =>
    spans.map((span, index) => ({ ...span, outcome: outcomes[index] })),
  );
  const waits = distributionOf(
    turns.flatMap(({ outcome }) => (outcome?.kind === 'Answered' ? outcome.afterMs : [])),
  );
  const paused = turns.filter(({ pauses }) => pauses > 0);
  const cutOff = paused.filter(({ outcome }) => outcome?.kind === 'CutOff').map(({ text }) => text);
  const share = cutOff.length / paused.length;
  const unanswered = turns.filter(({ outcome }) => outcome?.kind === 'Unanswered').length;
  const byAgent = calls.filter(({ endedBy }) => endedBy === 'callee').length;
  return {
    rows: [
      {
        what: `mouth to ear, ${name}`,
        target: `p50 ≤ engines + ${P50_OVER_MS} ms, p95 ≤ engines + ${P95_OVER_MS} ms`,
        measured:
          `p50 ${whole(waits.p50)} ms, p95 ${whole(waits.p95)} ms; the engines' own delays add up to ` +
          `${whole(enginesMs)} ms (${waits.count} turns)`,
        isMet: waits.p50 <= enginesMs + P50_OVER_MS && waits.p95 <= enginesMs + P95_OVER_MS,
      },
      {
        what: `turns cut off, ${name}, of those with pauses of ${PAUSE_MS.join(' to ')} ms`,
        target: `≤ ${MOST_CUT_OFF * 100} %`,
        measured: `${(share * 100).toFixed(1)} % (${cutOff.length} of ${paused.length})`,
        isMet: share <= MOST_CUT_OFF,
      },
      {
        what: `turns without an answer, ${name}`,
        target: '0',
        measured: `${unanswered} of ${turns.length}; ${byAgent} of ${calls.length} calls came to the agent's goodbye`,
        isMet: unanswered === 0,
      },
    ],
    figures: {
      waits,
      enginesMs,
      cutOff: cutOff.toSorted(),
      paused: paused.length,
      unanswered,
      calls: calls.length,
      stages,
    },
  };
}

function oneOf<T>(choices: readonly T[]): T {
  const choice = choices[Math.floor(Math.random() * choices.length)];
  if (choice === undefined) throw new RangeError('there is nothing to choose from');
  return choice;
}
