import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { Clock } from '#lib/clock/clock.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { Settings } from '../settings.ts';
import { parseAgentMessage } from './agent-message.ts';
import { FRAME_MS, PlayOut } from './play-out.ts';
import { LINE_HZ } from './stereo-recording.ts';
import type { StreamPlan } from './stream-plan.ts';
import { newStreamRecord, type StreamRecord } from './stream-record.ts';
import { frameSamples } from './wire-codec.ts';

export interface StreamIdentity {
  readonly callControlID: string;
  readonly callSessionID: string;
  readonly from: string;
  readonly to: string;
  readonly clientState: string | null;
}

export interface MediaStreamOptions {
  readonly plan: StreamPlan;
  readonly identity: StreamIdentity;
  readonly clock: Clock;
  readonly settings: Readonly<Settings>;
  readonly faults: FaultTable;
  readonly onStarted: () => void;
  /** The socket ended by itself; `failure` says why when it was not closed in order. */
  readonly onLost: (failure: string | undefined) => void;
}

const HANDSHAKE_TIMEOUT_MS = 5_000;
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
  readonly #toWire: Resampler;
  readonly #fromWire: Resampler;
  /** For the outbound track: what the caller heard, sent back. */
  readonly #echoToWire: Resampler;
  #sequence = 0;
  #chunks = 0;
  #startedMs = 0;
  #open = false;
  #over = false;
  #tail = false;
  #withheld: string[] = [];
  #withholdUntilMs = 0;

  constructor(options: MediaStreamOptions) {
    const { plan, clock } = options;
    this.#options = options;
    this.record = newStreamRecord(this.id, plan, new Date(clock.now()).toISOString());
    this.#playOut = new PlayOut({
      sampleRateHz: plan.outbound.sampleRateHz,
      onMark: (name, cleared) => this.#returnMark(name, cleared),
    });
    this.record.underruns = this.#playOut.underruns;
    this.#toWire = new Resampler(LINE_HZ, plan.inbound.sampleRateHz);
    this.#echoToWire = new Resampler(LINE_HZ, plan.inbound.sampleRateHz);
    this.#fromWire = new Resampler(plan.outbound.sampleRateHz, LINE_HZ);
    this.#socket = new WebSocket(plan.url, {
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      headers: plan.authToken === undefined ? {} : { 'x-telnyx-streaming-auth-token': plan.authToken },
    });
    this.#listen();
  }

  get track(): StreamPlan['track'] {
    return this.#options.plan.track;
  }

  /** 20 ms of the call: sends the caller's (16 kHz, absent is silence), returns the agent's at 16 kHz. */
  frame(caller: Int16Array | undefined): Int16Array | undefined {
    const played = this.#playFrame();
    if (this.#open && !this.#over) this.#sendFrame(caller, played);
    return played;
  }

  digit(digit: string): void {
    const occurred_at = new Date(this.#options.clock.now()).toISOString();
    this.#send({ event: 'dtmf', occurred_at, dtmf: { digit } });
  }

  /** Ends the stream in order, as a command or the end of the call does. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.record.endedAt = new Date(this.#options.clock.now()).toISOString();
    const { callControlID } = this.#options.identity;
    this.#send({ event: 'stop', stop: { user_id: USER_ID, call_control_id: callControlID } });
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else this.#socket.close(1000);
    // A peer that never answers the closing handshake is cut.
    const cancel = this.#options.clock.after(HANDSHAKE_TIMEOUT_MS, () => this.#socket.terminate());
    this.#socket.once('close', cancel);
  }

  #listen(): void {
    const socket = this.#socket;
    let failure: string | undefined;
    socket.on('open', () => {
      this.#open = true;
      this.#startedMs = this.#options.clock.monotonic();
      this.record.openedAt = new Date(this.#options.clock.now()).toISOString();
      this.#sendRaw({ event: 'connected', version: '1.0.0' });
      this.#send({ event: 'start', start: this.#startMessage() });
      this.#options.onStarted();
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
      if (this.#over) return;
      this.#over = true;
      this.record.endedAt = new Date(this.#options.clock.now()).toISOString();
      const inOrder = this.#open && (code === 1000 || code === 1001 || code === 1005);
      this.#options.onLost(inOrder ? undefined : (failure ?? `the socket closed with ${code}`));
    });
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
      media_format: { encoding: plan.inbound.encoding, sample_rate: plan.inbound.sampleRateHz, channels: 1 },
    };
  }

  #take(text: string): void {
    const message = parseAgentMessage(text, this.#options.plan.outbound);
    switch (message.kind) {
      case 'wrong':
        this.#refuse(message.code, message.detail);
        return;
      case 'clear':
        this.record.clears += 1;
        this.#playOut.clear();
        return;
      case 'mark':
        this.#playOut.mark(message.name);
        return;
      case 'media':
        this.#takeMedia(message.payload);
    }
  }

  #takeMedia(payload: Buffer): void {
    const { plan } = this.#options;
    this.record.mediaMessages += 1;
    if (plan.inaudible !== undefined) {
      if (!this.record.faults.includes(plan.inaudible)) this.record.faults.push(plan.inaudible);
      return;
    }
    if (!this.#playOut.queue(plan.outbound.decode(payload))) {
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

  #playFrame(): Int16Array | undefined {
    const frame = this.#playOut.tick();
    this.record.playedMs = this.#playOut.playedMs;
    if (frame) {
      this.#tail = true;
      return this.#fromWire.process(frame);
    }
    if (!this.#tail) return undefined;
    // What waits in the filter is the last of the words before.
    this.#tail = false;
    return this.#fromWire.process(new Int16Array(frameSamples(this.#options.plan.outbound.sampleRateHz)));
  }

  #sendFrame(caller: Int16Array | undefined, played: Int16Array | undefined): void {
    const { plan, faults, clock } = this.#options;
    const fault = faults.take('stream');
    if (fault?.kind === 'breakSocket') {
      this.#socket.terminate();
      return;
    }
    if (fault?.kind === 'gap') this.#withholdUntilMs = clock.monotonic() + fault.gapMs;
    if (fault?.kind === 'stopReading') this.#stopReading(fault.forMs);
    if (plan.track !== 'outbound_track') this.#sendAudio('inbound', caller);
    if (plan.track !== 'inbound_track') this.#sendAudio('outbound', played);
  }

  #sendAudio(track: 'inbound' | 'outbound', audio: Int16Array | undefined): void {
    const { plan, clock } = this.#options;
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) {
      this.record.framesDropped += 1;
      return;
    }
    const line = audio ?? SILENCE;
    const samples = (track === 'inbound' ? this.#toWire : this.#echoToWire).process(line);
    this.#chunks += 1;
    this.record.framesSent += 1;
    const text = this.#numbered({
      event: 'media',
      media: {
        track,
        chunk: String(this.#chunks),
        timestamp: String(Math.round(clock.monotonic() - this.#startedMs)),
        payload: plan.inbound.encode(samples).toString('base64'),
      },
    });
    this.#withheld.push(text);
    if (clock.monotonic() < this.#withholdUntilMs) return;
    for (const message of this.#withheld.splice(0)) this.#socket.send(message);
  }

  #stopReading(forMs: number): void {
    this.#socket.pause();
    this.#options.clock.after(forMs, () => this.#socket.resume());
  }

  #send(message: object): void {
    if (this.#open) this.#sendRaw(message, true);
  }

  #sendRaw(message: object, numbered = false): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(numbered ? this.#numbered(message) : JSON.stringify(message));
  }

  #numbered(message: object): string {
    this.#sequence += 1;
    return JSON.stringify({ ...message, sequence_number: String(this.#sequence), stream_id: this.id });
  }
}

const USER_ID = '5f0e2f1c-8b1f-4b57-9d2c-0c6a1f3f7b11';
const SILENCE = new Int16Array((LINE_HZ / 1_000) * FRAME_MS);
const ERROR_TITLES: ReadonlyMap<string, string> = new Map([
  ['100003', 'malformed_frame'],
  ['100004', 'invalid_media'],
  ['100005', 'rate_limit_reached'],
]);
