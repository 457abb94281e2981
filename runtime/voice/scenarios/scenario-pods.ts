import type { FakeClock } from '#lib/clock/fake-clock.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { SessionContext, SessionEvents } from '#runtime/call/session-port.ts';
import { FakeCarrier } from '../fakes/fake-carrier.ts';
import { MediaSession } from '../session.ts';
import type { SessionParts } from '../session-parts.ts';
import { EchoingLine } from './echoing-line.ts';
import type { Scenario } from './scenario.ts';

/** The pods that hold a scenario's call one after another, each on a stream of its own. */
export class ScenarioPods {
  readonly #options: ScenarioPodsOptions;
  #context: StreamContext;
  #session: MediaSession | undefined;
  /** The latest stream's, also when its pod is gone. */
  #carrier: FakeCarrier | undefined;
  /** What another pod will take up, and when. */
  #next: { readonly changes: Partial<StreamContext>; readonly atMs: number } | undefined;
  #isGiven = false;

  constructor(options: ScenarioPodsOptions) {
    this.#options = options;
    this.#context = options.context;
  }

  /** How much sound was sent to the caller on the latest stream. */
  get sentMs(): number {
    return this.#carrier?.sentMs ?? 0;
  }

  /** Whether it is this stream's turn to report. */
  isCurrent(generation: number): boolean {
    return generation === this.#context.generation;
  }

  keep(conversation: ConversationState): void {
    this.#context = { ...this.#context, conversation };
  }

  /** The caller waits for this person's word, on whatever pod; undefined: no longer. */
  keepAsking(asking: string | undefined): void {
    this.#context = { ...this.#context, asking };
  }

  /** The next pod opens the call's stream, where it is time for that; false where no pod holds the call. */
  async takeTurn(): Promise<boolean> {
    if (this.#isGiven && this.#session?.paused) {
      const conversation = this.#session.conversation();
      await this.letGo();
      this.#isGiven = false;
      this.takeUpIn(0, { conversation, seamless: true });
    }
    if (this.#next && this.#options.clock.now() >= this.#next.atMs) this.#open(this.#next.changes);
    return this.#session !== undefined;
  }

  /** A pod will take the call up after so long. */
  takeUpIn(ms: number, changes: Partial<StreamContext> = {}): void {
    this.#next = { changes, atMs: this.#options.clock.now() + ms };
  }

  /** The pod that holds the call is gone, with what it would still have reported, or gives the call away in a pause. */
  move(how: 'dies' | 'gives'): void {
    this.#isGiven = how === 'gives';
    if (this.#isGiven) return;
    this.#context = { ...this.#context, generation: this.#context.generation + 1 };
    void this.letGo();
    this.takeUpIn(TAKEOVER_MS);
  }

  /** Nobody holds the call any more; resolves with where the conversation stands. */
  async letGo(): Promise<ConversationState> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
    return session?.conversation() ?? this.#context.conversation;
  }

  press(digit: string): void {
    const occurred_at = new Date(this.#options.clock.now()).toISOString();
    if (this.#session) this.#carrier?.say({ event: 'dtmf', occurred_at, dtmf: { digit } });
  }

  /** The caller hangs up; false where no pod notices. */
  hangUp(): boolean {
    if (this.#session) this.#carrier?.stop();
    return this.#session !== undefined;
  }

  #open(changes: Partial<StreamContext>): void {
    const { clock, echo: level, parts, events, frame, onClear } = this.#options;
    const generation = this.#context.generation + 1;
    const context = { ...this.#context, ...changes, generation };
    const carrier = new FakeCarrier(clock);
    const echo = new EchoingLine(clock, level);
    this.#context = context;
    this.#next = undefined;
    this.#carrier = carrier;
    this.#session = new MediaSession(carrier, { ...context, events: events(generation) }, parts);
    carrier.onPlay = (samples, atMs) => echo.play(samples, atMs);
    carrier.onClear = () => {
      onClear();
      echo.clear();
    };
    carrier.caller = (sounding) => echo.with(frame(sounding));
    carrier.start();
  }
}

export type StreamContext = Omit<SessionContext, 'events'>;

export interface ScenarioPodsOptions {
  readonly clock: FakeClock;
  readonly context: StreamContext;
  readonly parts: SessionParts;
  readonly echo: Scenario['echo'];
  /** What a stream reports to. */
  readonly events: (generation: number) => SessionEvents;
  /** The next frame of the caller's; `sounding`: whether the agent is heard. */
  readonly frame: (sounding: boolean) => Int16Array;
  readonly onClear: () => void;
}

/** The failure of a pod is noticed, and another one speaks. */
const TAKEOVER_MS = 1_500;
