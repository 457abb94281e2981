import { randomUUID } from 'node:crypto';
import { type ClientOptions, WebSocket } from 'ws';
import type { Clock } from '#lib/clock/clock.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { Settings } from '../settings.ts';
import { parseAgentMessage } from './agent-message.ts';
import type { CodedFrame } from './coded-audio.ts';
import { LineAudio } from './line-audio.ts';
import { PlayOut } from './play-out.ts';
import type { StreamPlan } from './stream-plan.ts';
import { newStreamRecord, type StreamRecord } from './stream-record.ts';
import { TurnTimes } from './turn-times.ts';
import { openTwin } from './twin-socket.ts';
import { WireAudio } from './wire-audio.ts';
import type { WireCoders } from './wire-codec.ts';

export interface StreamIdentity {
  readonly callControlID: string;
  readonly callSessionID: string;
  readonly from: string;
  readonly to: string;
  readonly clientState: string | null;
  /** What the call goes by in the rules of faults. */
  readonly names: readonly string[];
}

export interface MediaStreamOptions {
  readonly plan: StreamPlan;
  readonly identity: StreamIdentity;
  readonly clock: Clock;
  readonly settings: Readonly<Settings>;
  readonly faults: FaultTable;
  readonly onStarted: () => void;
  /** The time of the call, and how late the stand-in itself is with its frames; in milliseconds. */
  readonly callMs: () => number;
  readonly ownDelayMs: () => number;
  /**
   * The socket ended by itself; `failure` says why when it was not closed in order. `reportAfterMs` is when
   * to tell of it if a fault says so; null: never.
   */
  readonly onLost: (failure: string | undefined, reportAfterMs: number | null | undefined) => void;
}

const HANDSHAKE_TIMEOUT_MS = 5_000;
/** So long the agent's side is listened to after the end: whether it goes on speaking shows only while it can. */
const LINGER_MS = 1_000;
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Caller audio that the agent's side does not read is thrown away above this. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
const MAX_NOTES = 200;

/** One media socket that the carrier opens towards `stream_url`, and what is played from it. */
export class MediaStream {
  readonly id = randomUUID();
  readonly record: StreamRecord;
  readonly #options: MediaStreamOptions;
  readonly #socket: WebSocket;
  readonly #playOut: PlayOut;
  /** From the socket's opening on. */
  #coders: StreamCoders | undefined;
  readonly #toLine: LineAudio;
  readonly #turns = new TurnTimes();
  #sequence = 0;
  #chunks = 0;
  #startedMs = 0;
  /** When the caller's words were sent last. */
  #saidAtMs = 0;
  #open = false;
  #over = false;
  #silent = false;
  /** What plays in this frame, at the stream's rate; what was made of it for the ear. */
  #playing: Int16Array | undefined;
  #heard: { readonly audio: Int16Array | undefined } | undefined;
  /** Frames of audio still to be sent before `start`. */
  #beforeStart = 0;
  #withheld: string[] = [];
  #withholdUntilMs = 0;
  #reportAfterMs: number | null | undefined;
  #stopTwin: (() => void) | undefined;

  constructor(options: MediaStreamOptions) {
    const { plan, clock } = options;
    this.#options = options;
    this.record = newStreamRecord(this.id, plan, new Date(clock.now()).toISOString());
    this.#playOut = new PlayOut({
      sampleRateHz: plan.outbound.decodedHz,
      onMark: (name, cleared) => this.#returnMark(name, cleared),
      callMs: options.callMs,
      ownDelayMs: options.ownDelayMs,
    });
    this.record.underruns = this.#playOut.underruns;
    this.record.repliesMs = this.#turns.repliesMs;
    this.record.clearsMs = this.#turns.clearsMs;
    this.#toLine = new LineAudio(plan.outbound.decodedHz);
    const socketOptions: ClientOptions = {
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      headers: plan.authToken === undefined ? {} : { 'x-telnyx-streaming-auth-token': plan.authToken },
    };
    this.#socket = new WebSocket(plan.url, socketOptions);
    const fault = options.faults.take('stream open', options.identity.names);
    if (fault?.kind === 'mediaBeforeStart') this.#beforeStart = fault.frames;
    if (fault?.kind === 'twin') {
      const { twins } = this.record;
      this.#stopTwin = openTwin(plan.url, socketOptions, (outcome) => {
        if (twins.length < MAX_NOTES) twins.push(outcome);
      });
    }
    this.#listen();
  }

  get track(): StreamPlan['track'] {
    return this.#options.plan.track;
  }

  /** Whether the socket is open, so that the call has media. */
  get connected(): boolean {
    return this.#open && !this.#over;
  }

  /** 20 ms of the call: plays what the agent sent and sends what the caller says (16 kHz, absent is silence). */
  frame(said: Int16Array | CodedFrame | undefined): void {
    this.#playing = this.#playOut.tick();
    this.#heard = undefined;
    this.record.playedMs = this.#playOut.playedMs;
    if (this.connected && this.#coders && !this.#silent) this.#sendFrame(said, this.#coders);
  }

  /** What of the agent plays in this frame, at the stream's own rate. */
  get playing(): Int16Array | undefined {
    return this.#playing;
  }

  /** The same at 16 kHz. To be asked for at each frame or at none, as the filter has a memory. */
  heard(): Int16Array | undefined {
    this.#heard ??= { audio: this.#toLine.heard(this.#playing) };
    return this.#heard.audio;
  }

  /** A key was pressed now; faults may tell of it late, so out of order, or several times. */
  digit(digit: string): void {
    const { clock, faults, identity } = this.#options;
    const occurred_at = new Date(clock.now()).toISOString();
    const fault = faults.take('dtmf', identity.names);
    const delayMs = fault?.kind === 'delay' ? fault.delayMs + faults.jitter(fault.jitterMs) : 0;
    const times = fault?.kind === 'duplicate' ? fault.times : 1;
    clock.after(delayMs, () => {
      for (let time = 0; time < times; time += 1) this.#send({ event: 'dtmf', occurred_at, dtmf: { digit } });
    });
  }

  /** Ends the stream in order, as a command or the end of the call does. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.record.endedAt = new Date(this.#options.clock.now()).toISOString();
    const { callControlID } = this.#options.identity;
    this.#send({ event: 'stop', stop: { user_id: USER_ID, call_control_id: callControlID } });
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    this.#closeAfterLinger();
    this.#stopTwin?.();
  }

  /** The agent's side is to close it; one that never answers the closing handshake is cut. */
  #closeAfterLinger(): void {
    const { clock } = this.#options;
    const cancels = [
      clock.after(LINGER_MS, () => this.#socket.close(1000)),
      clock.after(HANDSHAKE_TIMEOUT_MS, () => this.#socket.terminate()),
    ];
    this.#socket.once('close', () => {
      for (const cancel of cancels) cancel();
    });
  }

  #listen(): void {
    const socket = this.#socket;
    let failure: string | undefined;
    socket.on('open', () => {
      void openCoders(this.#options.plan).then((coders) => this.#begin(coders));
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#refuse('100003', 'Binary frames are not taken.');
      // A Buffer, as the socket's binaryType is left at its default.
      else this.#take((data as Buffer).toString());
    });
    socket.on('error', (error) => {
      failure ??= error.message;
    });
    socket.on('close', (code) => {
      this.record.closeCode = code;
      this.#coders?.close();
      this.#coders = undefined;
      if (this.#over) return;
      this.#over = true;
      this.record.endedAt = new Date(this.#options.clock.now()).toISOString();
      const inOrder = this.#open && (code === 1000 || code === 1001 || code === 1005);
      this.#stopTwin?.();
      this.#options.onLost(
        inOrder ? undefined : (failure ?? `the socket closed with ${code}`),
        this.#reportAfterMs,
      );
    });
  }

  #begin(coders: StreamCoders): void {
    if (this.#over) {
      coders.close();
      return;
    }
    this.#coders = coders;
    this.#open = true;
    this.#startedMs = this.#options.clock.monotonic();
    this.record.openedAt = new Date(this.#options.clock.now()).toISOString();
    this.#sendRaw({ event: 'connected', version: '1.0.0' });
    if (this.#beforeStart === 0) this.#send({ event: 'start', start: this.#startMessage() });
    this.#options.onStarted();
  }

  #startMessage(): object {
    const { identity, plan } = this.#options;
    return {
      user_id: USER_ID,
      call_control_id: identity.callControlID,
      call_session_id: identity.callSessionID,
      from: identity.from,
      to: identity.to,
      client_state: identity.clientState,
      custom_parameters: plan.customParameters,
      media_format: { encoding: plan.inbound.encoding, sample_rate: plan.inbound.rateHz, channels: 1 },
    };
  }

  #take(text: string): void {
    const message = parseAgentMessage(text, this.#options.plan.outbound);
    if (this.#over) {
      if (message.kind === 'media') this.#noteLate();
      return;
    }
    switch (message.kind) {
      case 'wrong':
        this.#refuse(message.code, message.detail);
        return;
      case 'clear':
        this.record.clears += 1;
        this.#turns.cleared(this.#options.clock.monotonic());
        this.#playOut.clear();
        return;
      case 'mark':
        this.#playOut.mark(message.name);
        return;
      case 'media':
        this.#takeMedia(message.payload);
    }
  }

  #noteLate(): void {
    const { record } = this;
    record.lateMessages += 1;
    record.latestAfterEndMs = this.#options.clock.now() - Date.parse(record.endedAt ?? '');
  }

  #takeMedia(payload: Buffer): void {
    const { plan } = this.#options;
    this.record.mediaMessages += 1;
    this.#turns.agentAudio(this.#options.clock.monotonic());
    if (plan.inaudible !== undefined) {
      if (!this.record.faults.includes(plan.inaudible)) this.record.faults.push(plan.inaudible);
      return;
    }
    const samples = this.#coders?.outbound.decode(payload);
    if (samples && !this.#playOut.queue(samples)) {
      this.#refuse('100005', 'More than five minutes of audio wait to be played.');
    }
  }

  #refuse(code: string, detail: string): void {
    if (this.record.errors.length < MAX_NOTES) this.record.errors.push({ code, detail });
    this.#sendRaw({
      event: 'error',
      stream_id: this.id,
      payload: { code, title: ERROR_TITLES.get(code), detail },
    });
  }

  #returnMark(name: string, cleared: boolean): void {
    if (cleared) this.record.marksCleared += 1;
    else this.record.marksPlayed += 1;
    this.#send({ event: 'mark', mark: { name } });
  }

  #sendFrame(said: Int16Array | CodedFrame | undefined, coders: StreamCoders): void {
    const { plan, faults, clock, identity } = this.#options;
    const fault = faults.take('stream', identity.names);
    if (fault?.kind === 'breakSocket') {
      this.#reportAfterMs = fault.reportAfterMs;
      this.#socket.terminate();
      return;
    }
    if (fault?.kind === 'goSilent') {
      this.#goSilent();
      return;
    }
    if (fault?.kind === 'gap') this.#withholdUntilMs = clock.monotonic() + fault.gapMs;
    if (fault?.kind === 'stopReading') this.#stopReading(fault.forMs);
    if (plan.track !== 'outbound_track') {
      this.#sendAudio('inbound', coders.toWire.payloadOf(said));
      this.#noteTurn(said !== undefined);
    }
    if (plan.track !== 'inbound_track') {
      this.#sendAudio('outbound', coders.echoToWire.payloadOf(this.heard()));
    }
    if (this.#beforeStart === 0) return;
    this.#beforeStart -= 1;
    if (this.#beforeStart === 0) this.#send({ event: 'start', start: this.#startMessage() });
  }

  /** The last frame of a turn is the one before the first without words, so a turn ends as it was sent. */
  #noteTurn(speaks: boolean): void {
    const queued = this.#playing !== undefined || this.#playOut.queuedMs > 0;
    const nowMs = this.#options.clock.monotonic();
    this.#turns.sent(speaks, queued, speaks ? nowMs : this.#saidAtMs);
    if (speaks) this.#saidAtMs = nowMs;
  }

  #sendAudio(track: 'inbound' | 'outbound', payload: string): void {
    const nowMs = this.#options.clock.monotonic();
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) {
      this.record.framesDropped += 1;
      return;
    }
    this.#chunks += 1;
    this.#sequence += 1;
    this.record.framesSent += 1;
    const text =
      `{"event":"media","sequence_number":"${this.#sequence}","stream_id":"${this.id}","media":{"track":"${track}",` +
      `"chunk":"${this.#chunks}","timestamp":"${Math.round(nowMs - this.#startedMs)}","payload":"${payload}"}}`;
    if (nowMs < this.#withholdUntilMs) {
      this.#withheld.push(text);
      return;
    }
    if (this.#withheld.length > 0) {
      for (const message of this.#withheld.splice(0)) this.#socket.send(message);
    }
    this.#socket.send(text);
  }

  /** The socket stays open, unread and unwritten, until the other end or the end of the call closes it. */
  #goSilent(): void {
    this.#silent = true;
    this.#socket.pause();
  }

  #stopReading(forMs: number): void {
    this.#socket.pause();
    this.#options.clock.after(forMs, () => this.#socket.resume());
  }

  #send(message: object): void {
    if (this.#open) this.#sendRaw(message, true);
  }

  #sendRaw(message: object, numbered = false): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#silent) return;
    this.#socket.send(numbered ? this.#numbered(message) : JSON.stringify(message));
  }

  #numbered(message: object): string {
    this.#sequence += 1;
    return JSON.stringify({ ...message, sequence_number: String(this.#sequence), stream_id: this.id });
  }
}

interface StreamCoders {
  readonly outbound: WireCoders;
  readonly toWire: WireAudio;
  /** For the outbound track: what the caller heard, sent back. */
  readonly echoToWire: WireAudio;
  close(): void;
}

async function openCoders({ inbound, outbound }: StreamPlan): Promise<StreamCoders> {
  const [agent, caller, echo] = await Promise.all([outbound.open(), inbound.open(), inbound.open()]);
  return {
    outbound: agent,
    toWire: new WireAudio(inbound, caller),
    echoToWire: new WireAudio(inbound, echo),
    close() {
      for (const coders of [agent, caller, echo]) coders.close();
    },
  };
}

const USER_ID = '5f0e2f1c-8b1f-4b57-9d2c-0c6a1f3f7b11';
const ERROR_TITLES: ReadonlyMap<string, string> = new Map([
  ['100003', 'malformed_frame'],
  ['100004', 'invalid_media'],
  ['100005', 'rate_limit_reached'],
]);
