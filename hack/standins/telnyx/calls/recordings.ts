import type Telnyx from 'telnyx';
import type { Clock } from '#lib/clock/clock.ts';
import { LINE_HZ } from '../media/stereo-recording.ts';
import { apiErrors } from '../rest/api-error.ts';
import type { RecordStartBody } from '../rest/request-bodies.ts';
import type { Settings } from '../settings.ts';
import type { CallLeg } from './call-leg.ts';
import { note } from './call-record.ts';
import { VoiceRecording } from './voice-recording.ts';

export interface RecordingsOptions {
  readonly clock: Clock;
  readonly settings: Readonly<Settings>;
  readonly emit: (leg: CallLeg, eventType: string, payload: object) => void;
  /** Where files are to be had, such as `http://host:port/_standin/recordings`. */
  readonly baseURL: () => string;
}

const MAX_FILES = 200;
const MAX_SAVED = 5_000;
const MAX_FILE_BYTES = 200 * 1024 * 1024;
const BEEP = Int16Array.from({ length: LINE_HZ / 5 }, (_, i) =>
  Math.round(8_000 * Math.sin((2 * Math.PI * 1_000 * i) / LINE_HZ)),
);

/** Recordings by command: one at a time a leg, saved when they end; the latest files are kept in memory. */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #files = new Map<string, Buffer>();
  /** What is told of recordings, also of those whose file is not kept any more. */
  readonly #saved = new Map<string, Telnyx.RecordingResponseData>();
  #bytes = 0;
  /** Of those that have ended and are not told of yet. */
  readonly #saving = new Set<() => void>();

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  /** The WAV of a recording that has ended; undefined when there is none, or none any more. */
  file(id: string): Buffer | undefined {
    return this.#files.get(id);
  }

  /** All that were saved and not deleted, the newest first. */
  list(): readonly Telnyx.RecordingResponseData[] {
    return [...this.#saved.values()].toReversed();
  }

  /** Deletes a recording for good; what it was. */
  delete(id: string): Telnyx.RecordingResponseData {
    const recording = this.#saved.get(id);
    if (!recording) throw apiErrors.notFound(`recording ${id}`);
    this.#saved.delete(id);
    this.#bytes -= this.#files.get(id)?.length ?? 0;
    this.#files.delete(id);
    return recording;
  }

  start(leg: CallLeg, body: RecordStartBody): void {
    if (leg.taping) throw apiErrors.invalid('The call is being recorded already.');
    if (body.format === 'mp3')
      throw apiErrors.invalid('MP3 is a format that the stand-in cannot code.', '/format');
    leg.taping = new VoiceRecording({ body, startedAt: leg.now(), onEnd: () => this.stop(leg) });
    if (body.play_beep === true) leg.voice.queue(BEEP);
  }

  /** Ends and saves what is being recorded; nothing where nothing is. */
  stop(leg: CallLeg): void {
    const { taping } = leg;
    if (!taping) return;
    leg.taping = undefined;
    const { id, startedAt, lengthMs, channels } = taping;
    const url = `${this.#options.baseURL()}/${id}.wav`;
    const endedAt = leg.now();
    this.#keep(id, taping.end());
    note(leg.record.recordings, { id, startedAt, endedAt, lengthMs, url });
    const { settings, emit, clock } = this.#options;
    this.#remember(id, {
      ...resourceOf(leg, { channels, startedAt, endedAt, url }),
      duration_millis: lengthMs,
    });
    const saved = {
      ...savedPayload(leg, { channels, startedAt, endedAt, url }),
      ...(settings.recordingNamesCall ? { call_control_id: leg.record.callControlID } : {}),
    };
    const cancel = clock.after(settings.recordingSaveMs, () => {
      this.#saving.delete(cancel);
      emit(leg, 'call.recording.saved', saved);
    });
    this.#saving.add(cancel);
  }

  /** No more is told. */
  close(): void {
    for (const cancel of this.#saving) cancel();
    this.#saving.clear();
  }

  #remember(id: string, recording: Telnyx.RecordingResponseData): void {
    this.#saved.set(id, { id, ...recording });
    const oldest = this.#saved.keys().next();
    if (this.#saved.size > MAX_SAVED && oldest.done !== true) this.#saved.delete(oldest.value);
  }

  #keep(id: string, file: Buffer): void {
    this.#files.set(id, file);
    this.#bytes += file.length;
    for (const [oldest, { length }] of this.#files) {
      if (this.#files.size <= MAX_FILES && this.#bytes <= MAX_FILE_BYTES) return;
      this.#files.delete(oldest);
      this.#bytes -= length;
    }
  }
}

interface SavedRecording {
  readonly channels: 'single' | 'dual';
  readonly startedAt: string;
  readonly endedAt: string;
  readonly url: string;
}

/** A recording as the API lists it. */
function resourceOf({ record }: CallLeg, saved: SavedRecording): Telnyx.RecordingResponseData {
  return {
    record_type: 'recording',
    call_control_id: record.callControlID,
    call_leg_id: record.id,
    call_session_id: record.callSessionID,
    connection_id: record.connectionID,
    from: record.from,
    to: record.to,
    channels: saved.channels,
    source: 'call',
    status: 'completed',
    initiated_by: 'StartCallRecordingAPI',
    recording_started_at: saved.startedAt,
    recording_ended_at: saved.endedAt,
    created_at: saved.endedAt,
    updated_at: saved.endedAt,
    download_urls: { wav: saved.url },
  };
}

function savedPayload({ record, clientState }: CallLeg, saved: SavedRecording) {
  return {
    call_leg_id: record.id,
    call_session_id: record.callSessionID,
    connection_id: record.connectionID,
    client_state: clientState,
    channels: saved.channels,
    recording_started_at: saved.startedAt,
    recording_ended_at: saved.endedAt,
    recording_urls: { wav: saved.url, mp3: null },
    public_recording_urls: { wav: null, mp3: null },
  } satisfies Omit<NonNullable<Telnyx.CallRecordingSaved['payload']>, 'client_state'> & {
    client_state: string | null;
  };
}
