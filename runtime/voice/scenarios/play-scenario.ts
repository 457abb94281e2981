import { tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { SessionContext, SessionEvents } from '#runtime/call/session-port.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { profile } from '../fakes/call-in-test.ts';
import { FakeCarrier } from '../fakes/fake-carrier.ts';
import { silentObserver } from '../fakes/silent-observer.ts';
import { MediaSession } from '../session.ts';
import { DEFAULT_VOICE_OPTIONS } from '../voice-options.ts';
import { EchoingLine } from './echoing-line.ts';
import { LineWatch } from './line-watch.ts';
import type { Scenario } from './scenario.ts';
import { scenarioDetectors, scenarioEngines, scenarioTools } from './scenario-engines.ts';
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
  readonly #parts;
  readonly #caller: ScriptedCaller;
  readonly #ended = new AbortController();
  #context: SessionContext;
  #held: { readonly session: MediaSession; readonly carrier: FakeCarrier } | undefined;
  /** What another pod will take up, and when. */
  #next: { readonly context: Partial<SessionContext>; readonly atMs: number } | undefined;
  #isGiven = false;
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
      press: (digit) => this.#press(digit),
      hangUp: () => this.#hangUp(),
      movePod: (how) => this.#movePod(how),
    });
    this.#parts = {
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
    this.#context = {
      callID: '00000000-0000-4000-8000-000000000001',
      generation: 0,
      profile: tenantProfileSchema.parse({ ...profile, ...scenario.tenant }),
      callerNumber: scenario.from,
      calledNumber: scenario.to,
      conversation: newConversation('lead-capture'),
      seamless: false,
      answeredAtMs: this.#startMs,
      events: this.#events(0),
    };
  }

  get #sinceAnswerMs(): number {
    return this.#clock.now() - this.#startMs;
  }

  async play(): Promise<PlayedCall> {
    const { endsAfterMs } = this.#scenario;
    this.#next = { context: {}, atMs: this.#clock.now() };
    while (!this.#ended.signal.aborted && this.#sinceAnswerMs < endsAfterMs) {
      await this.#takeUp();
      await this.#clock.advance(FRAME_MS);
    }
    if (!this.#ended.signal.aborted) this.#end('the scenario ends here');
    return await this.#close();
  }

  async #close(): Promise<PlayedCall> {
    const { carrier, session } = this.#held ?? {};
    await this.#letGo();
    const kept = session?.conversation() ?? this.#context.conversation;
    // What the call appends to the ledger in the end.
    if (kept.phase === 'Collecting' && kept.collected.length > 0)
      this.#transcript.lead(kept.workflow, kept.collected, false);
    this.#isClosed = true;
    const sentMs = carrier?.sentMs ?? 0;
    await this.#clock.advance(FRAME_MS);
    const timers = this.#clock.pending;
    await this.#clock.advance(LATE_MS);
    this.#watch.end();
    this.#transcript.sum(`longest wait for the agent: ${seconds(this.#watch.longestWaitMs)} s`);
    const overlap = Math.max(0, ...this.#watch.overlaps.map(({ ms }) => ms));
    if (overlap > 0) this.#transcript.sum(`longest that both spoke: ${seconds(overlap)} s`);
    if (this.#clears > 0)
      this.#transcript.sum(`times that the agent fell silent for the caller: ${this.#clears}`);
    const lateSoundMs = (carrier?.sentMs ?? 0) - sentMs;
    return {
      transcript: this.#transcript,
      line: this.#watch,
      leftovers: { lateSoundMs, lateReports: this.#lateReports, timers },
    };
  }

  #end(text: string): void {
    this.#transcript.note(text);
    this.#ended.abort();
  }

  /** The next pod opens the call's stream, where it is time for that; with no pod the caller hears nothing. */
  async #takeUp(): Promise<void> {
    if (this.#isGiven && this.#held?.session.paused) {
      const conversation = this.#held.session.conversation();
      await this.#letGo();
      this.#isGiven = false;
      this.#next = { context: { conversation, seamless: true }, atMs: this.#clock.now() };
    }
    if (this.#next && this.#clock.now() >= this.#next.atMs) this.#open(this.#next.context);
    else if (!this.#held) this.#frame(false);
  }

  #open(changes: Partial<SessionContext>): void {
    const generation = this.#context.generation + 1;
    const context = { ...this.#context, ...changes, generation, events: this.#events(generation) };
    const carrier = new FakeCarrier(this.#clock);
    const echo = new EchoingLine(this.#clock, this.#scenario.echo);
    this.#context = context;
    this.#next = undefined;
    this.#held = { carrier, session: new MediaSession(carrier, context, this.#parts) };
    carrier.onPlay = (samples, atMs) => echo.play(samples, atMs);
    carrier.onClear = () => {
      this.#clears++;
      echo.clear();
    };
    carrier.caller = (sounding) => echo.with(this.#frame(sounding));
    carrier.start();
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

  async #letGo(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.session.close();
  }

  #press(digit: string): void {
    const occurred_at = new Date(this.#clock.now()).toISOString();
    this.#held?.carrier.say({ event: 'dtmf', occurred_at, dtmf: { digit } });
  }

  #hangUp(): void {
    if (this.#held) this.#held.carrier.stop();
    else this.#end('the caller hung up');
  }

  #movePod(how: 'dies' | 'gives'): void {
    this.#isGiven = how === 'gives';
    if (how === 'gives') return;
    this.#transcript.note('the pod dies');
    // What it would still have reported is lost with it.
    this.#context = { ...this.#context, generation: this.#context.generation + 1 };
    void this.#letGo();
    this.#next = { context: {}, atMs: this.#clock.now() + TAKEOVER_MS };
  }

  #events(generation: number): SessionEvents {
    const transcript = this.#transcript;
    const reporting = (report: () => void) => {
      if (this.#isClosed) this.#lateReports++;
      else if (generation === this.#context.generation) report();
    };
    return {
      turn: (turn) => reporting(() => transcript.turn(turn)),
      progress: (conversation) =>
        reporting(() => {
          this.#context = { ...this.#context, conversation };
        }),
      lead: (...lead) => reporting(() => transcript.lead(...lead)),
      transfer: (target) => Promise.resolve(this.#transfer(target)),
      finished: (reason, told) =>
        reporting(() => this.#end(`ended: ${reason}${told ? '' : ' (the caller was not told)'}`)),
      disconnected: () => reporting(() => this.#end('the caller hung up')),
    };
  }

  #transfer(target: string): boolean {
    const { transfer } = this.#scenario;
    if (transfer === 'answered') this.#end(`transferred to ${target}`);
    else this.#transcript.note(`transfer to ${target}: ${transfer}`);
    if (transfer === 'unanswered') {
      void this.#letGo();
      this.#next = { context: { transferFailure: 'NoAnswer' }, atMs: this.#clock.now() + RINGING_MS };
    }
    return transfer !== 'refused';
  }
}

const FRAME_MS = 20;
/** The failure of a pod is noticed, and another one speaks. */
const TAKEOVER_MS = 1_500;
const RINGING_MS = 15_000;
/** Whatever still wanted to say something has said it by then. */
const LATE_MS = 10_000;
