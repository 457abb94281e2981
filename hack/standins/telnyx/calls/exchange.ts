import { join } from 'node:path';
import type Telnyx from 'telnyx';
import type { Clock } from '#lib/clock/clock.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { Applications } from '../inventory/applications.ts';
import type { Numbers } from '../inventory/numbers.ts';
import { FramePacer } from '../media/frame-pacer.ts';
import { MediaStream } from '../media/media-stream.ts';
import { planStream } from '../media/plan-stream.ts';
import { StereoRecording } from '../media/stereo-recording.ts';
import { apiErrors } from '../rest/api-error.ts';
import type { StreamingStartBody } from '../rest/request-bodies.ts';
import type { Settings } from '../settings.ts';
import { callPayload, legPayload } from '../webhooks/call-payload.ts';
import type { WebhookSender, WebhookTarget } from '../webhooks/webhook-sender.ts';
import { CallLeg } from './call-leg.ts';
import { note } from './call-record.ts';
import type { OpenCaller } from './caller.ts';

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
}

export interface HangUp {
  readonly cause: NonNullable<NonNullable<Telnyx.CallHangup['payload']>['hangup_cause']>;
  readonly source: 'caller' | 'callee' | 'unknown';
  readonly sip: string;
}

/** Ended legs that are kept for whoever asks. */
const MAX_ENDED = 5_000;
const MAX_LIVE = 2_000;

/** The carrier's switch: places calls, carries out what commands ask, paces the audio of all legs. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #pacer: FramePacer;
  readonly #legs = new Map<string, CallLeg>();
  readonly #byControlID = new Map<string, CallLeg>();
  readonly #live = new Set<CallLeg>();
  readonly #talking = new Set<CallLeg>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#pacer = new FramePacer(options.clock, () => this.#frame());
  }

  legs(): CallLeg[] {
    return [...this.#legs.values()];
  }

  /** By leg id or call_control_id. */
  find(id: string): CallLeg | undefined {
    return this.#legs.get(id) ?? this.#byControlID.get(id);
  }

  /** How often the stand-in itself could not keep its pace. */
  get stalls(): number {
    return this.#pacer.stalls;
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
      target: {
        url: application?.webhook_event_url ?? '',
        failoverURL: application?.webhook_event_failover_url || undefined,
        version: application?.webhook_api_version ?? '2',
      },
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

  openLeg(options: Omit<ConstructorParameters<typeof CallLeg>[0], 'clock'>): CallLeg {
    if (this.#live.size >= MAX_LIVE)
      throw apiErrors.invalid(`The stand-in carries at most ${MAX_LIVE} legs at once.`);
    const leg = new CallLeg({ ...options, clock: this.#options.clock });
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
    this.#pacer.start();
  }

  startStream(leg: CallLeg, body: StreamingStartBody): void {
    const { clock, settings, faults } = this.#options;
    if (leg.stream)
      throw apiErrors.invalid('The call has a media stream already; stop it first.', '/stream_url');
    const { record } = leg;
    const stream = new MediaStream({
      plan: planStream(body, settings),
      identity: { ...record, clientState: leg.clientState },
      clock,
      settings,
      faults,
      onStarted: () =>
        this.emit(leg, 'streaming.started', { ...callPayload(leg), stream_url: body.stream_url }),
      onLost: (failure) => this.#streamLost(leg, stream, failure),
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

  speak(leg: CallLeg, text: string): void {
    note(leg.record.spoken, text);
    this.emit(leg, 'call.speak.started', callPayload(leg));
    void this.#options.synthesise(text).then(
      (audio) => leg.say(audio, () => this.emit(leg, 'call.speak.ended', callPayload(leg))),
      (error: unknown) => leg.event(`speak failed: ${String(error)}`),
    );
  }

  press(leg: CallLeg, digit: string): void {
    if (leg.state !== 'answered') return;
    leg.stream?.digit(digit);
    this.emit(leg, 'call.dtmf.received', { ...legPayload(leg), digit });
  }

  callerHangsUp(leg: CallLeg): void {
    const cause = leg.state === 'parked' ? 'originator_cancel' : 'normal_clearing';
    this.end(leg, { cause, source: 'caller', sip: leg.state === 'parked' ? '487' : '200' });
  }

  /** Ends a leg: hang-up first, then the end of its stream, as Telnyx orders them. Safe to repeat. */
  end(leg: CallLeg, hangUp: HangUp): void {
    if (!leg.live) return;
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
    this.#options.webhooks.send(target, { eventType, payload }, (attempt) =>
      note(leg.record.webhooks, attempt),
    );
  }

  stop(): void {
    this.#pacer.stop();
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
    if (this.#talking.size === 0) this.#pacer.stop();
    leg.recording?.close();
    leg.caller?.ended();
    const { peer } = leg;
    leg.peer = undefined;
    if (peer) this.end(peer, { cause: 'normal_clearing', source: hangUp.source, sip: '200' });
  }

  /** A socket that ends by itself: told at once when in order, later when broken. */
  #streamLost(leg: CallLeg, stream: MediaStream, failure: string | undefined): void {
    leg.event(failure === undefined ? 'socket closed' : `socket lost: ${failure}`);
    leg.after(failure === undefined ? 0 : this.#options.settings.streamLossReportMs, () => {
      if (leg.stream !== stream) return;
      leg.stream = undefined;
      const { url } = stream.record;
      if (failure === undefined)
        this.emit(leg, 'streaming.stopped', { ...callPayload(leg), stream_url: url });
      else this.emit(leg, 'streaming.failed', failedPayload(leg, stream, failure));
    });
  }

  /** 20 ms of every call that talks. */
  #frame(): void {
    for (const leg of this.#talking) {
      if (leg.state !== 'answered') continue;
      const said = leg.caller?.speak();
      const voice = leg.voice.tick();
      const played = leg.stream?.frame(said) ?? voice;
      leg.recording?.frame(said, played);
      leg.caller?.hear(played);
    }
  }

  #forgetOldest(): void {
    if (this.#legs.size <= MAX_ENDED + MAX_LIVE) return;
    const oldest = this.legs().find((leg) => !leg.live);
    if (!oldest) return;
    this.#legs.delete(oldest.record.id);
    this.#byControlID.delete(oldest.record.callControlID);
  }
}

function failedPayload(leg: CallLeg, stream: MediaStream, failure: string) {
  return {
    ...callPayload(leg),
    failure_reason: failure,
    stream_id: stream.id,
    stream_params: { stream_url: stream.record.url, track: stream.track },
    stream_type: 'websocket',
  } satisfies Omit<NonNullable<Telnyx.CallStreamingFailed['payload']>, 'client_state'> & {
    client_state: string | null;
  };
}
