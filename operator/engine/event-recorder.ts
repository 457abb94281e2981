import { createHash } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { EVENTS } from '#lib/kube/resource.ts';
import type { Logger } from '#lib/log/logger.ts';

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'mergePatch'>;
  /** Shown as the event's source, such as `veralux-operator`. */
  readonly component: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

interface Series {
  readonly name: string;
  readonly firstMs: number;
  count: number;
  writtenAtMs: number;
}

/** More than a busy hour's different events; the oldest are forgotten and would begin anew. */
const MAX_SERIES = 4_096;
/** A repeated event is written at most this often; the repeats in between are counted. */
const REPEAT_MS = 60_000;

/**
 * Writes Events. The same event on the same object becomes one with a count. Best effort: an event
 * that cannot be written is logged and lost, and the caller never waits for one.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(object: KubeObject, note: EventNote): void {
    const { clock, log } = this.#options;
    this.#write(object, note, clock.now()).catch((error: unknown) =>
      log.warn({ reason: note.reason, error: messageOf(error) }, 'an event could not be written'),
    );
  }

  async #write(object: KubeObject, note: EventNote, nowMs: number): Promise<void> {
    const id = [object.metadata.uid, note.type, note.reason, note.message].join('\n');
    // Events of what has no namespace live in `default`.
    const namespace = object.metadata.namespace ?? 'default';
    const known = this.#series.get(id);
    if (known !== undefined) {
      known.count += 1;
      if (nowMs - known.writtenAtMs < REPEAT_MS) return;
      known.writtenAtMs = nowMs;
      await this.#options.client.mergePatch(
        EVENTS,
        { name: known.name, namespace },
        { count: known.count, lastTimestamp: timestamp(nowMs) },
        { fieldManager: this.#options.component },
      );
      return;
    }
    const digest = createHash('sha256').update(`${id}\n${nowMs}`).digest('hex').slice(0, 16);
    const series = {
      name: `${object.metadata.name}.${digest}`,
      firstMs: nowMs,
      count: 1,
      writtenAtMs: nowMs,
    };
    this.#series.set(id, series);
    const oldest = this.#series.keys().next();
    if (this.#series.size > MAX_SERIES && oldest.done === false) this.#series.delete(oldest.value);
    await this.#options.client.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: series.name, namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        namespace: object.metadata.namespace,
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
      },
      type: note.type,
      reason: note.reason,
      message: note.message.slice(0, 1_024),
      source: { component: this.#options.component },
      reportingComponent: this.#options.component,
      count: 1,
      firstTimestamp: timestamp(nowMs),
      lastTimestamp: timestamp(nowMs),
    } as KubeObject);
  }
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
