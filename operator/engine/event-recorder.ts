import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { EVENTS } from '#lib/kube/resource.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type CorrelatedEvent, EventCorrelator, type Moment } from './event-correlator.ts';
import type { EventNote } from './event-note.ts';
import type { EngineMetrics } from './metrics.ts';

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'mergePatch'>;
  /** Shown as the event's source, such as `greeter`. */
  readonly component: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Pick<EngineMetrics, 'eventEnded'>;
}

interface Waiting {
  readonly object: KubeObject;
  readonly note: EventNote;
  readonly at: Moment;
}

/** client-go's: what comes faster than it can be written is dropped beyond this. */
const MAX_WAITING = 1_000;
/** The API server refuses a longer one. */
const MAX_MESSAGE = 1_024;

/**
 * Writes Events of the core API, which `kubectl describe` shows with their counts, aggregated by the
 * EventCorrelator. Best effort: an event that cannot be written is logged, counted and lost, and the
 * caller never waits for one. At the end, those that wait are written while the drain lasts.
 */
export class EventRecorder implements Service {
  readonly name = 'events';
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {}

  /** Resolves when everything that was recorded is written or given up. */
  async drain(): Promise<void> {
    await this.#writing;
  }

  /** The same, for what the last reconciles recorded; the supervisor bounds how long it may take. */
  async stop(): Promise<void> {
    await this.#writing;
  }

  record(object: KubeObject, note: EventNote): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#options.metrics?.eventEnded('Dropped');
      return;
    }
    const message = note.message.slice(0, MAX_MESSAGE);
    const { clock } = this.#options;
    const at = { wallMs: clock.now(), monotonicMs: clock.monotonic() };
    this.#waiting.push({ object, note: { ...note, message }, at });
    this.#writing ??= this.#writeAll();
  }

  /** One after the other: a count is patched onto an event that is there. Never rejects. */
  async #writeAll(): Promise<void> {
    // What is recorded within the same turn, as a whole reconcile may be, waits together.
    await Promise.resolve();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#write(next);
      } catch (error) {
        this.#options.metrics?.eventEnded('Failed');
        this.#options.log.warn(
          { reason: next.note.reason, error: messageOf(error) },
          'an event could not be written',
        );
      }
    }
    this.#writing = undefined;
  }

  async #write({ object, note, at }: Waiting): Promise<void> {
    const event = this.#correlator.correlate(object, note, at);
    if (event === undefined) {
      this.#options.metrics?.eventEnded('Counted');
      return;
    }
    if (event.isNew || !(await this.#recount(object, event))) await this.#create(object, event);
    this.#options.metrics?.eventEnded('Written');
  }

  /** False when the event is there no longer: the API server drops events after an hour. */
  async #recount(object: KubeObject, event: CorrelatedEvent): Promise<boolean> {
    const { client, component } = this.#options;
    try {
      await client.mergePatch(
        EVENTS,
        { name: event.name, namespace: namespaceOf(object) },
        { count: event.count, message: event.message, lastTimestamp: timestamp(event.lastMs) },
        { fieldManager: component },
      );
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  async #create(object: KubeObject, event: CorrelatedEvent): Promise<void> {
    const { client, component } = this.#options;
    try {
      await client.create(EVENTS, eventOf(object, event, component));
    } catch (error) {
      this.#correlator.forget(event);
      throw error;
    }
  }
}

function eventOf(object: KubeObject, event: CorrelatedEvent, component: string): KubeObject {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const { apiVersion, kind } = object;
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: event.name, namespace: namespaceOf(object) },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    type: event.type,
    reason: event.reason,
    message: event.message,
    source: { component },
    reportingComponent: component,
    count: event.count,
    firstTimestamp: timestamp(event.firstMs),
    lastTimestamp: timestamp(event.lastMs),
  };
  return body;
}

/** Events of what has no namespace live in `default`. */
function namespaceOf(object: KubeObject): string {
  return object.metadata.namespace ?? 'default';
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
