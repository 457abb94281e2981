import { createHash } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
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
    const known = this.#series.get(id);
    if (known === undefined) {
      await this.#begin(id, object, note, nowMs);
      return;
    }
    known.count += 1;
    if (nowMs - known.writtenAtMs < REPEAT_MS) return;
    known.writtenAtMs = nowMs;
    try {
      await this.#options.client.mergePatch(
        EVENTS,
        { name: known.name, namespace: namespaceOf(object) },
        { count: known.count, lastTimestamp: timestamp(nowMs) },
        { fieldManager: this.#options.component },
      );
    } catch (error) {
      // The API server drops events after an hour: what still happens then is a new one.
      if (!(error instanceof KubeError && error.reason === 'NotFound')) throw error;
      await this.#begin(id, object, note, nowMs);
    }
  }

  async #begin(id: string, object: KubeObject, note: EventNote, nowMs: number): Promise<void> {
    const { client, component } = this.#options;
    const digest = createHash('sha256').update(`${id}\n${nowMs}`).digest('hex').slice(0, 16);
    const name = `${object.metadata.name}.${digest}`;
    this.#series.set(id, { name, count: 1, writtenAtMs: nowMs });
    const oldest = this.#series.keys().next();
    if (this.#series.size > MAX_SERIES && oldest.done === false) this.#series.delete(oldest.value);
    try {
      await client.create(EVENTS, eventOf(object, note, { name, component, nowMs }));
    } catch (error) {
      this.#series.delete(id);
      throw error;
    }
  }
}

function eventOf(
  object: KubeObject,
  note: EventNote,
  { name, component, nowMs }: { name: string; component: string; nowMs: number },
): KubeObject {
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: namespaceOf(object) },
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
    source: { component },
    reportingComponent: component,
    count: 1,
    firstTimestamp: timestamp(nowMs),
    lastTimestamp: timestamp(nowMs),
  };
  return event;
}

/** Events of what has no namespace live in `default`. */
function namespaceOf(object: KubeObject): string {
  return object.metadata.namespace ?? 'default';
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
