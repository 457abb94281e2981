import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import type { MediaStream } from '../media/media-stream.ts';
import { FRAME_MS, PlayOut } from '../media/play-out.ts';
import { LINE_HZ, type StereoRecording } from '../media/stereo-recording.ts';
import type { WebhookTarget } from '../webhooks/webhook-sender.ts';
import { type CallRecord, type LegState, note } from './call-record.ts';
import type { Caller } from './caller.ts';
import type { Gathering } from './gathers.ts';
import { Hearing } from './hearing.ts';
import type { VoiceRecording } from './voice-recording.ts';

export interface LegOptions {
  readonly clock: Clock;
  readonly direction: 'incoming' | 'outgoing';
  readonly from: string;
  readonly to: string;
  readonly connectionID: string;
  readonly target: WebhookTarget;
  /** Legs of one conversation share it; absent: a new one. */
  readonly sessionID?: string;
  readonly clientState?: string | null;
  /** Which of the pacer's steps the leg's frames are at. */
  readonly phase: number;
}

/** How long Telnyx remembers a command_id. */
export const COMMAND_MEMORY_MS = 60_000;
const MAX_COMMAND_IDS = 10_000;

/** One leg of a call: its state, its ids, its stream and its ledger. Knows no rules; see commands.ts. */
export class CallLeg {
  readonly record: CallRecord;
  readonly #clock: Clock;
  readonly #commandIDs = new Map<string, number>();
  /** Telnyx's own voice on this leg; a mark names what to do when it has been heard. */
  readonly voice: PlayOut;
  readonly #afterVoice = new Map<string, () => void>();
  /** Ends with the leg: its timers are cancelled. */
  readonly cancels = new Set<() => void>();
  target: WebhookTarget;
  clientState: string | null;
  stream: MediaStream | undefined;
  caller: Caller | undefined;
  recording: StereoRecording | undefined;
  /** What is being recorded by command. */
  taping: VoiceRecording | undefined;
  /** Keys that are being asked for. */
  gathering: Gathering | undefined;
  /** What whoever was dialled does when that begins, and for how long they talk once they are connected. */
  onAsked: (() => void) | undefined;
  talksMs: number | undefined;
  /** The other leg of a transfer, once they are connected. */
  peer: CallLeg | undefined;
  /** Legs that are dialled for this one and have not answered. */
  readonly dialled = new Set<CallLeg>();
  /** The leg stays up when the one that it is connected to ends. */
  staysAfterBridge = false;
  readonly hearing = new Hearing();
  /** Frames since the answer, and which of the pacer's steps they are at. */
  frames = 0;
  readonly phase: number;
  /** What the call goes by in the rules of faults. */
  readonly names: readonly string[];

  constructor(options: LegOptions) {
    this.phase = options.phase;
    this.#clock = options.clock;
    this.target = options.target;
    this.clientState = options.clientState ?? null;
    this.record = {
      id: randomUUID(),
      callControlID: `v3:${randomBytes(48).toString('base64url')}`,
      callSessionID: options.sessionID ?? randomUUID(),
      connectionID: options.connectionID,
      direction: options.direction,
      from: options.from,
      to: options.to,
      startedAt: this.now(),
      state: options.direction === 'incoming' ? 'parked' : 'dialing',
      events: [],
      commands: [],
      webhooks: [],
      streams: [],
      spoken: [],
      recordings: [],
    };
    const { id, callControlID, from, to } = this.record;
    this.names = [id, callControlID, from, to];
    this.voice = new PlayOut({ sampleRateHz: LINE_HZ, onMark: (name) => this.#voiceReached(name) });
  }

  get state(): LegState {
    return this.record.state;
  }

  set state(state: LegState) {
    this.record.state = state;
    this.event(state);
  }

  get live(): boolean {
    return this.record.state !== 'ended';
  }

  /** Milliseconds since the answer, by the frames. */
  get callMs(): number {
    return this.frames * FRAME_MS;
  }

  now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  event(event: string): void {
    note(this.record.events, { at: this.now(), event });
  }

  /** Whether this command was accepted within the last minute. */
  isRepeat(commandID: string): boolean {
    const atMs = this.#commandIDs.get(commandID);
    return atMs !== undefined && this.#clock.monotonic() - atMs < COMMAND_MEMORY_MS;
  }

  remember(commandID: string): void {
    if (this.#commandIDs.size < MAX_COMMAND_IDS) this.#commandIDs.set(commandID, this.#clock.monotonic());
  }

  /** Calls `fn` after `ms` unless the leg has ended by then. */
  after(ms: number, fn: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.cancels.delete(cancel);
      fn();
    });
    this.cancels.add(cancel);
  }

  /** Plays audio (16 kHz) in Telnyx's own voice, then calls `heard`. */
  say(audio: Int16Array, heard: () => void): void {
    const mark = randomUUID();
    this.#afterVoice.set(mark, heard);
    this.voice.queue(audio);
    this.voice.mark(mark);
  }

  #voiceReached(mark: string): void {
    const heard = this.#afterVoice.get(mark);
    this.#afterVoice.delete(mark);
    if (this.live) heard?.();
  }
}
