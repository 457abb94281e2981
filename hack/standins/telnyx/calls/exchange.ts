import { join } from 'node:path';
import type Telnyx from 'telnyx';
import type { Clock } from '#lib/clock/clock.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { Applications } from '../inventory/applications.ts';
import type { Numbers } from '../inventory/numbers.ts';
import { MediaStream } from '../media/media-stream.ts';
import { planStream } from '../media/plan-stream.ts';
import { StereoRecording } from '../media/stereo-recording.ts';
import { apiErrors } from '../rest/api-error.ts';
import type { RecordStartBody, StreamingStartBody } from '../rest/request-bodies.ts';
import type { Settings } from '../settings.ts';
import { callPayload, failedPayload, legPayload } from '../webhooks/call-payload.ts';
import type { WebhookSender, WebhookTarget } from '../webhooks/webhook-sender.ts';
import { CallLeg, type LegOptions } from './call-leg.ts';
import { note } from './call-record.ts';
import type { OpenCaller } from './caller.ts';
import { Recordings } from './recordings.ts';
import { TalkingLegs } from './talking-legs.ts';

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly settings: Readonly<Settings>;
  readonly faults: FaultTable;
  readonly webhooks: WebhookSender;
  readonly numbers: Numbers;
  readonly applications: Applications;
  readonly openCaller: OpenCaller;
  /** Where answered calls are recorded; absent: nowhere. */
  readonly recordingFolder: string | undefined;
  /** Telnyx's own voice: a sentence to 16 kHz audio. */
  readonly synthesise: (text: string) => Promise<Int16Array>;
  /** Where recordings by command are to be had. */
  readonly recordingsURL: () => string;
}

export interface HangUp {
  readonly cause: NonNullable<NonNullable<Telnyx.CallHangup['payload']>['hangup_cause']>;
  readonly source: 'caller' | 'callee' | 'unknown';
  readonly sip: string;
}

interface Loss {
  readonly failure: string | undefined;
  /** Null: it is never told. */
  readonly reportAfterMs: number | null | undefined;
}

/** Ended legs that are kept for whoever asks. */
const MAX_ENDED = 5_000;
const MAX_LIVE = 2_000;

/** The carrier's switch: places calls, carries out what commands ask, paces the audio of all legs. */
export class Exchange {
  readonly #options: ExchangeOptions;
  /** Those by command. */
  readonly recordings: Recordings;
  readonly #legs = new Map<string, CallLeg>();
  readonly #byControlID = new Map<string, CallLeg>();
  readonly #live = new Set<CallLeg>();
  readonly #talking: TalkingLegs;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#talking = new TalkingLegs(options.clock);
    this.recordings = new Recordings({
      clock: options.clock,
      settings: options.settings,
      emit: (leg, eventType, payload) => this.emit(leg, eventType, payload),
      baseURL: options.recordingsURL,
    });
  }

  legs(): CallLeg[] {
    return [...this.#legs.values()];
  }

  liveLegs(): CallLeg[] {
    return [...this.#live];
  }

  /** By leg id or call_control_id. */
  find(id: string): CallLeg | undefined {
    return this.#legs.get(id) ?? this.#byControlID.get(id);
  }

  /** How well the stand-in keeps its own pace: its long stops, and how late its frames are at most by now. */
  get pace(): { readonly stalls: number; readonly delayMs: number } {
    return { stalls: this.#talking.stalls, delayMs: this.#talking.delayMs };
  }

  /** A call comes in. One to a number that nobody answers for ends at once, as the network would say. */
  place(call: { readonly from: string; readonly to: string; readonly caller?: unknown }): CallLeg {
    const { numbers, applications, openCaller, settings } = this.#options;
    const connectionID = numbers.byNumber(call.to)?.connection_id ?? '';
    const application = applications.find(connectionID);
    const leg = this.openLeg({
      direction: 'incoming',
      from: call.from,
      to: call.to,
      connectionID,
      target: this.targetOf(application),
    });
    if (!application?.active) {
      this.#close(leg, { cause: 'not_found', source: 'unknown', sip: '404' });
      return leg;
    }
    leg.caller = openCaller(call.caller, {
      hangUp: () => this.callerHangsUp(leg),
      press: (digit) => this.press(leg, digit),
    });
    this.emit(leg, 'call.initiated', { ...legPayload(leg), state: 'parked' });
    leg.after(settings.ringTimeoutMs, () => {
      if (leg.state === 'parked') this.callerHangsUp(leg);
    });
    return leg;
  }

  /** Where an application's webhooks go. */
  targetOf(application: ReturnType<Applications['find']>): WebhookTarget {
    return {
      url: application?.webhook_event_url ?? '',
      failoverURL: application?.webhook_event_failover_url || undefined,
      version: application?.webhook_api_version ?? '2',
    };
  }

  openLeg(options: Omit<LegOptions, 'clock' | 'phase'>): CallLeg {
    if (this.#live.size >= MAX_LIVE)
      throw apiErrors.invalid(`The stand-in carries at most ${MAX_LIVE} legs at once.`);
    const leg = new CallLeg({
      ...options,
      clock: this.#options.clock,
      phase: this.#talking.nextPhase(),
    });
    this.#legs.set(leg.record.id, leg);
    this.#byControlID.set(leg.record.callControlID, leg);
    this.#live.add(leg);
    this.#forgetOldest();
    return leg;
  }

  answer(leg: CallLeg): void {
    const { recordingFolder, settings } = this.#options;
    leg.state = 'answered';
    leg.record.answeredAt = leg.now();
    this.emit(leg, 'call.answered', { ...legPayload(leg), state: 'answered' });
    leg.after(settings.callLimitMs, () =>
      this.end(leg, { cause: 'time_limit', source: 'unknown', sip: '200' }),
    );
    if (leg.record.direction === 'outgoing') return;
    if (recordingFolder !== undefined) {
      leg.recording = new StereoRecording(join(recordingFolder, `${leg.record.id}.wav`));
      leg.record.recording = leg.recording.path;
    }
    this.#talking.add(leg);
  }

  startStream(leg: CallLeg, body: StreamingStartBody): void {
    const { clock, settings, faults } = this.#options;
    if (leg.stream && settings.secondStream === 'Refuse')
      throw apiErrors.invalid('The call has a media stream already; stop it first.', '/stream_url');
    const { record } = leg;
    const plan = planStream(body, settings);
    this.stopStream(leg);
    const stream = new MediaStream({
      plan,
      identity: { ...record, clientState: leg.clientState, names: leg.names },
      clock,
      settings,
      faults,
      callMs: () => leg.callMs,
      ownDelayMs: () => this.#talking.delayMs,
      onStarted: () =>
        this.emit(leg, 'streaming.started', { ...callPayload(leg), stream_url: body.stream_url }),
      onLost: (failure, reportAfterMs) => this.#streamLost(leg, stream, { failure, reportAfterMs }),
    });
    leg.stream = stream;
    note(record.streams, stream.record);
  }

  stopStream(leg: CallLeg): void {
    const { stream } = leg;
    if (!stream) return;
    leg.stream = undefined;
    stream.stop();
    this.emit(leg, 'streaming.stopped', { ...callPayload(leg), stream_url: stream.record.url });
  }

  record(leg: CallLeg, body: RecordStartBody): void {
    this.recordings.start(leg, body);
  }

  stopRecording(leg: CallLeg): void {
    this.recordings.stop(leg);
  }

  speak(leg: CallLeg, text: string): void {
    note(leg.record.spoken, text);
    this.emit(leg, 'call.speak.started', callPayload(leg));
    void this.#options.synthesise(text).then(
      (audio) => leg.say(audio, () => this.emit(leg, 'call.speak.ended', callPayload(leg))),
      (error: unknown) => leg.event(`speak failed: ${String(error)}`),
    );
  }

  synthesise(text: string): Promise<Int16Array> {
    return this.#options.synthesise(text);
  }

  press(leg: CallLeg, digit: string): void {
    if (leg.state !== 'answered') return;
    leg.stream?.digit(digit);
    this.emit(leg, 'call.dtmf.received', { ...legPayload(leg), digit });
    leg.gathering?.key(digit);
  }

  /** Whether the streams of two legs end with their being bridged. */
  endStreamsOfBridge(...legs: readonly CallLeg[]): void {
    if (!this.#options.settings.bridgeEndsStream) return;
    for (const leg of legs) this.stopStream(leg);
  }

  callerHangsUp(leg: CallLeg): void {
    const cause = leg.state === 'parked' ? 'originator_cancel' : 'normal_clearing';
    this.end(leg, { cause, source: 'caller', sip: leg.state === 'parked' ? '487' : '200' });
  }

  /** Ends a leg: hang-up first, then the end of its stream, as Telnyx orders them. Safe to repeat. */
  end(leg: CallLeg, hangUp: HangUp): void {
    if (!leg.live) return;
    this.stopRecording(leg);
    leg.gathering?.end('call_hangup');
    const { stream } = leg;
    leg.stream = undefined;
    this.#close(leg, hangUp);
    this.emit(leg, 'call.hangup', {
      ...legPayload(leg),
      state: 'hangup',
      hangup_cause: hangUp.cause,
      hangup_source: hangUp.source,
      sip_hangup_cause: hangUp.sip,
      end_time: leg.record.endedAt,
      call_quality_stats: null,
    });
    if (!stream) return;
    stream.stop();
    this.emit(leg, 'streaming.stopped', { ...callPayload(leg), stream_url: stream.record.url });
  }

  emit(leg: CallLeg, eventType: string, payload: object): void {
    leg.event(eventType);
    const target: WebhookTarget = leg.target;
    if (target.url === '') return;
    this.#options.webhooks.send(target, { eventType, payload, names: leg.names }, (attempt) =>
      note(leg.record.webhooks, attempt),
    );
  }

  stop(): void {
    this.#talking.stop();
    this.recordings.close();
    for (const leg of this.legs()) {
      leg.stream?.stop();
      if (leg.live) this.#close(leg, { cause: 'unspecified', source: 'unknown', sip: '503' });
    }
  }

  #close(leg: CallLeg, hangUp: HangUp): void {
    leg.state = 'ended';
    leg.record.endedAt = leg.now();
    leg.record.hangupCause = hangUp.cause;
    leg.record.hangupSource = hangUp.source;
    leg.record.sipHangupCause = hangUp.sip;
    for (const cancel of leg.cancels) cancel();
    leg.cancels.clear();
    this.#live.delete(leg);
    this.#talking.delete(leg);
    leg.hearing.pause();
    leg.recording?.close();
    leg.caller?.ended();
    for (const dialled of leg.dialled) {
      this.end(dialled, { cause: 'originator_cancel', source: 'caller', sip: '487' });
    }
    this.#unbridge(leg, hangUp);
  }

  #unbridge(leg: CallLeg, hangUp: HangUp): void {
    const { peer } = leg;
    if (!peer) return;
    leg.peer = undefined;
    peer.peer = undefined;
    if (peer.staysAfterBridge && peer.live) peer.state = 'answered';
    else this.end(peer, { cause: 'normal_clearing', source: hangUp.source, sip: '200' });
  }

  /** A socket that ends by itself: told at once when in order, later or never when broken. */
  #streamLost(leg: CallLeg, stream: MediaStream, loss: Loss): void {
    const { failure, reportAfterMs = this.#options.settings.streamLossReportMs } = loss;
    leg.event(failure === undefined ? 'socket closed' : `socket lost: ${failure}`);
    if (failure !== undefined && reportAfterMs === null) return;
    leg.after(failure === undefined ? 0 : (reportAfterMs ?? 0), () => {
      if (leg.stream !== stream) return;
      leg.stream = undefined;
      const { url } = stream.record;
      if (failure === undefined)
        this.emit(leg, 'streaming.stopped', { ...callPayload(leg), stream_url: url });
      else this.emit(leg, 'streaming.failed', failedPayload(leg, stream, failure));
    });
  }

  #forgetOldest(): void {
    if (this.#legs.size <= MAX_ENDED + MAX_LIVE) return;
    for (const leg of this.#legs.values()) {
      if (leg.live) continue;
      this.#legs.delete(leg.record.id);
      this.#byControlID.delete(leg.record.callControlID);
      return;
    }
  }
}
