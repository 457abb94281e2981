import { PausingCaller, type SpokenTurn, type TurnSpan } from '#hack/caller/pausing-caller.ts';
import type { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { noTools } from '#runtime/tools/fakes/no-tools.ts';
import { FakeCarrier } from '#runtime/voice/fakes/fake-carrier.ts';
import { silentObserver } from '#runtime/voice/fakes/silent-observer.ts';
import { MediaSession } from '#runtime/voice/session.ts';
import type { SpeechDetectors } from '#runtime/voice/speech-detector.ts';
import { DEFAULT_VOICE_OPTIONS } from '#runtime/voice/voice-options.ts';
import { profileInTest } from '#runtime/workflow/fakes/profile-in-test.ts';
import type { Chance } from '../chance.ts';
import type { Interview } from '../interview.ts';
import { isAudible, type RecordedTurn, type TurnOutcome } from '../recorded-turns.ts';
import { PAUSE_MS, REPLIES_AFTER_MS } from '../turn-figures.ts';
import type { SimulatedEngines } from './simulated-engines.ts';
import type { SpokenPhrases } from './spoken-phrases.ts';

export interface SimulatedCallOptions {
  readonly interview: Interview;
  readonly phrases: Pick<SpokenPhrases<string>, 'voices' | 'frames'>;
  readonly chance: Chance;
  readonly clock: FakeClock;
  /** On that clock, as the engines are. */
  readonly detectors: SpeechDetectors;
  readonly engines: SimulatedEngines;
}

/** A whole call of somebody who answers the interview's questions, and pauses as drawn; what became of each turn. */
export async function simulateCall(options: SimulatedCallOptions): Promise<readonly RecordedTurn[]> {
  const { clock, detectors, engines } = options;
  const over = new AbortController();
  const end = () => over.abort();
  const turns = turnsOf(options);
  const caller = new PausingCaller({ turns, line: { hangUp: end }, repliesAfterMs: REPLIES_AFTER_MS });
  const carrier = new FakeCarrier(clock);
  const sounds = new Sounds(carrier, clock);
  carrier.caller = (sounding) => {
    const frame = caller.speak();
    caller.hear(undefined, sounding);
    return frame?.samples ?? SILENCE;
  };
  const session = new MediaSession(carrier, contextOf(options, end), {
    engines,
    tools: noTools,
    voiceActivity: detectors,
    sendCodec: knownCodec('PCMU', 8_000),
    observer: silentObserver,
    load: { strained: false },
    log: silentLogger,
    clock,
    options: DEFAULT_VOICE_OPTIONS,
  });
  carrier.start();
  for (let ms = 0; ms < LONGEST_CALL_MS && !over.signal.aborted; ms += FRAME_MS)
    await clock.advance(FRAME_MS);
  await session.close();
  const { spans } = caller;
  return spans.map((span, at) => {
    const untilMs = span.untilMs - quietMsAtEnd(turns[at]);
    return { ...span, outcome: sounds.outcomeOf({ ...span, untilMs }, spans[at + 1]) };
  });
}

/** When the agent begins to be heard, in milliseconds since the call's first frame. */
class Sounds {
  readonly #beginAtMs: number[] = [];

  constructor(carrier: FakeCarrier, clock: FakeClock) {
    const startedAtMs = clock.monotonic();
    let silentFromMs = 0;
    carrier.onPlay = (samples, atMs) => {
      if (atMs > silentFromMs) this.#beginAtMs.push(atMs - startedAtMs);
      silentFromMs = atMs + samples.length / SAMPLES_A_MS;
    };
    carrier.onClear = () => {
      silentFromMs = clock.monotonic();
    };
  }

  outcomeOf({ fromMs, untilMs }: TurnSpan, next: TurnSpan | undefined): TurnOutcome {
    const heardAtMs = this.#beginAtMs.find((ms) => ms > fromMs && (!next || ms < next.fromMs));
    if (heardAtMs === undefined) return { kind: 'Unanswered' };
    return heardAtMs < untilMs ? { kind: 'CutOff' } : { kind: 'Answered', afterMs: heardAtMs - untilMs };
  }
}

const FRAME_MS = 20;
const SAMPLES_A_MS = 8;
const SILENCE = new Int16Array(FRAME_MS * SAMPLES_A_MS);
const LONGEST_CALL_MS = 180_000;

function turnsOf({ interview, phrases, chance }: SimulatedCallOptions): SpokenTurn[] {
  const voice = chance.oneOf(phrases.voices);
  return interview.turns.map((phrasings) => {
    const phrasing = chance.oneOf(phrasings);
    const frames = phrasing.flatMap((text, index) => {
      const spoken = phrases.frames(text, voice).map((samples) => ({ samples, payload: () => undefined }));
      if (index === 0) return spoken;
      const pause = Math.round(chance.between(...PAUSE_MS) / FRAME_MS);
      return [...Array.from({ length: pause }, () => undefined), ...spoken];
    });
    return { text: phrasing.join(' | '), frames };
  });
}

/** How much of its last frame nobody hears. */
function quietMsAtEnd(turn: SpokenTurn | undefined): number {
  const last = turn?.frames.at(-1)?.samples ?? SILENCE;
  return (last.length - 1 - last.findLastIndex(isAudible)) / SAMPLES_A_MS;
}

function contextOf({ interview, clock }: SimulatedCallOptions, end: () => void): SessionContext {
  const { assistant, workflow } = interview.answering;
  return {
    callID: '00000000-0000-4000-8000-000000000001',
    generation: 1,
    profile: profileInTest({ assistant, workflows: [workflow] }),
    callerNumber: '+13122001000',
    calledNumber: '+12125550100',
    conversation: newConversation(workflow.name),
    transferFailure: undefined,
    asking: undefined,
    seamless: false,
    answeredAtMs: clock.now(),
    toolToken: () => Promise.resolve(undefined),
    events: {
      turn: () => {},
      progress: () => {},
      lead: () => {},
      transfer: () => Promise.resolve(false),
      finished: end,
      disconnected: end,
    },
  };
}
