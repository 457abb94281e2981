import { tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { HandOver } from '#runtime/call/begin-transfer.ts';
import type { TransferFailure } from '#runtime/call/call-record.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { SessionEvents } from '#runtime/call/session-port.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { profile } from '../fakes/call-in-test.ts';
import { silentObserver } from '../fakes/silent-observer.ts';
import type { SessionParts } from '../session-parts.ts';
import { DEFAULT_VOICE_OPTIONS } from '../voice-options.ts';
import { LineWatch } from './line-watch.ts';
import type { Scenario } from './scenario.ts';
import { scenarioDetectors, scenarioEngines, scenarioTools } from './scenario-engines.ts';
import { ScenarioPods, type StreamContext } from './scenario-pods.ts';
import { ScriptedCaller } from './scripted-caller.ts';
import { ToneWords } from './tone-words.ts';
import { seconds, Transcript } from './transcript.ts';

/** Plays a whole call on a fake clock, over all the pods that hold it. */
export async function playScenario(scenario: Scenario): Promise<PlayedCall> {
  return await new ScenarioCall(scenario).play();
}

export interface PlayedCall {
  readonly transcript: Transcript;
  readonly line: LineWatch;
  /** What there must be none of. */
  readonly leftovers: {
    /** Sound that was sent, and reports that came, once the call was over. */
    readonly lateSoundMs: number;
    readonly lateReports: number;
    readonly timers: number;
  };
}

class ScenarioCall {
  readonly #scenario: Scenario;
  readonly #clock: FakeClock;
  readonly #startMs: number;
  readonly #transcript: Transcript;
  readonly #watch = new LineWatch();
  readonly #caller: ScriptedCaller;
  readonly #pods: ScenarioPods;
  readonly #ended = new AbortController();
  #isClosed = false;
  #lateReports = 0;
  #clears = 0;

  constructor(scenario: Scenario) {
    const clock = new FakeClock(Date.parse(scenario.at));
    const words = new ToneWords(
      scenario.call.flatMap((step) => ('say' in step ? [step.say.replace(/\[\d+\]/g, ' ')] : [])),
    );
    this.#scenario = scenario;
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#transcript = new Transcript(() => this.#sinceAnswerMs);
    this.#caller = new ScriptedCaller(scenario.call, words, {
      press: (digit) => this.#pods.press(digit),
      hangUp: () => {
        if (!this.#pods.hangUp()) this.#end('the caller hung up');
      },
      movePod: (how) => {
        if (how === 'dies') this.#transcript.note('the pod dies');
        this.#pods.move(how);
      },
    });
    this.#pods = new ScenarioPods({
      clock,
      context: contextOf(scenario),
      parts: this.#partsWith(words),
      echo: scenario.echo,
      events: (generation) => this.#events(generation),
      frame: (sounding) => this.#frame(sounding),
      onClear: () => {
        this.#clears++;
      },
    });
  }

  get #sinceAnswerMs(): number {
    return this.#clock.now() - this.#startMs;
  }

  #partsWith(words: ToneWords): SessionParts {
    const [scenario, clock] = [this.#scenario, this.#clock];
    return {
      engines: scenarioEngines(scenario, words, clock),
      tools: scenarioTools(scenario, clock, this.#ended.signal, (text) => this.#transcript.note(text)),
      voiceActivity: scenarioDetectors,
      sendCodec: knownCodec('PCMU', 8_000),
      observer: silentObserver,
      load: { strained: false },
      log: silentLogger,
      clock,
      options: DEFAULT_VOICE_OPTIONS,
    };
  }

  async play(): Promise<PlayedCall> {
    this.#pods.takeUpIn(0);
    while (!this.#ended.signal.aborted && this.#sinceAnswerMs < this.#scenario.endsAfterMs) {
      // With no pod the caller hears nothing.
      if (!(await this.#pods.takeTurn())) this.#frame(false);
      await this.#clock.advance(FRAME_MS);
    }
    if (!this.#ended.signal.aborted) this.#end('the scenario ends here');
    return await this.#close();
  }

  async #close(): Promise<PlayedCall> {
    const pods = this.#pods;
    const kept = await pods.letGo();
    // What the call appends to the ledger in the end.
    if (kept.phase === 'Collecting' && kept.collected.length > 0)
      this.#transcript.lead(kept.workflow, kept.collected, false);
    this.#isClosed = true;
    const { sentMs } = pods;
    await this.#clock.advance(FRAME_MS);
    const timers = this.#clock.pending;
    await this.#clock.advance(LATE_MS);
    this.#watch.end();
    this.#sumUp();
    const lateSoundMs = pods.sentMs - sentMs;
    return {
      transcript: this.#transcript,
      line: this.#watch,
      leftovers: { lateSoundMs, lateReports: this.#lateReports, timers },
    };
  }

  #sumUp(): void {
    this.#transcript.sum(`longest wait for the agent: ${seconds(this.#watch.longestWaitMs)} s`);
    const overlap = Math.max(0, ...this.#watch.overlaps.map(({ ms }) => ms));
    if (overlap > 0) this.#transcript.sum(`longest that both spoke: ${seconds(overlap)} s`);
    if (this.#clears > 0)
      this.#transcript.sum(`times that the agent fell silent for the caller: ${this.#clears}`);
  }

  #end(text: string): void {
    this.#transcript.note(text);
    this.#ended.abort();
  }

  #frame(agent: boolean): Int16Array {
    const spoke = this.#caller.speaking;
    const samples = this.#caller.frame(agent);
    const { speaking } = this.#caller;
    const sounds = (spoke || speaking) && samples.some((sample) => sample !== 0);
    const hungUp = this.#ended.signal.aborted;
    this.#watch.frame({ speaking: sounds, finished: spoke && !speaking, hungUp, agent });
    return samples;
  }

  #events(generation: number): SessionEvents {
    const transcript = this.#transcript;
    const reporting = (report: () => void) => {
      if (this.#isClosed) this.#lateReports++;
      else if (this.#pods.isCurrent(generation)) report();
    };
    return {
      turn: (turn) => reporting(() => transcript.turn(turn)),
      progress: (conversation) => reporting(() => this.#pods.keep(conversation)),
      lead: (...lead) => reporting(() => transcript.lead(...lead)),
      transfer: (to) => Promise.resolve(this.#transfer(to)),
      finished: (reason, told) =>
        reporting(() => this.#end(`ended: ${reason}${told ? '' : ' (the caller was not told)'}`)),
      disconnected: () => reporting(() => this.#end('the caller hung up')),
    };
  }

  #transfer({ target, summary }: HandOver): boolean {
    const { transfer } = this.#scenario;
    if (summary !== undefined && transfer !== 'refused') {
      this.#ask(target, summary);
      return true;
    }
    if (transfer === 'answered') this.#end(`transferred to ${target}`);
    else this.#transcript.note(`transfer to ${target}: ${transfer}`);
    if (transfer === 'unanswered') {
      void this.#pods.letGo();
      this.#pods.takeUpIn(RINGING_MS, { transferFailure: 'NoAnswer' });
    }
    return transfer !== 'refused';
  }

  /** The person, or whatever answers, hears the summary; the caller stays with the agent meanwhile. */
  #ask(target: string, summary: string): void {
    const { transfer } = this.#scenario;
    this.#pods.keepAsking(target);
    if (transfer !== 'unanswered')
      this.#later(ANSWERED_MS, () => this.#transcript.note(`${target} hears: ${summary}`));
    this.#later(DECIDED_MS[transfer], () => {
      if (transfer === 'answered') this.#end(`${target} takes the call`);
      else this.#giveBack(target, transfer === 'declined' ? 'Declined' : 'NoAnswer');
    });
  }

  #giveBack(target: string, transferFailure: TransferFailure): void {
    this.#transcript.note(`${target} does not take the call: ${transferFailure}`);
    void this.#pods.letGo();
    this.#pods.keepAsking(undefined);
    this.#pods.takeUpIn(RESTART_MS, { transferFailure });
  }

  #later(ms: number, fn: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      if (!this.#ended.signal.aborted) fn();
    });
    this.#ended.signal.addEventListener('abort', cancel, { once: true });
  }
}

function contextOf(scenario: Scenario): StreamContext {
  return {
    callID: '00000000-0000-4000-8000-000000000001',
    generation: 0,
    profile: tenantProfileSchema.parse({ ...profile, ...scenario.tenant }),
    callerNumber: scenario.from,
    calledNumber: scenario.to,
    conversation: newConversation('lead-capture'),
    seamless: false,
    answeredAtMs: Date.parse(scenario.at),
    toolToken: async () => undefined,
  };
}

const FRAME_MS = 20;
const RINGING_MS = 15_000;
/** When somebody who is asked first answers, and when it is known what they say; a summary takes some 15 s. */
const ANSWERED_MS = 6_000;
const DECIDED_MS = { answered: 20_000, declined: 20_000, unanswered: 30_000, voicemail: 30_000, refused: 0 };
/** Until the caller has a stream again that says so. */
const RESTART_MS = 200;
/** Whatever still wanted to say something has said it by then. */
const LATE_MS = 10_000;
