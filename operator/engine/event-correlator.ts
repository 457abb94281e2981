/** What of many events is worth writing, as client-go's EventCorrelator has it: bounded, without a clock. */
import { randomBytes } from 'node:crypto';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { EventNote } from './event-note.ts';

export interface CorrelatedEvent extends EventNote {
  /** Of the Event object. */
  readonly name: string;
  /** Whether it is to be created; otherwise it is written onto the one that is there. */
  readonly isNew: boolean;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** What its count is kept under. */
  readonly series: string;
}

/** One moment on both clocks: what is shown is the wall's, what is reckoned with the other's. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

interface Series {
  readonly name: string;
  readonly firstMs: number;
  count: number;
  writtenAtMs: number;
}

/** Events of one object and reason with different messages. */
interface Family {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** client-go's numbers. */
const MAX_KEPT = 4_096;
const MAX_SIMILAR = 10;
const SIMILAR_WITHIN_MS = 600_000;
const BURST = 25;
const REFILL_MS = 300_000;
/** A repeated event is written at most this often, so that it does not use up its object's share. */
const REPEAT_MS = 60_000;
/** Names of objects may have 253 characters. */
const MAX_NAME = 230;
const COMBINED = '(combined from similar events): ';

/**
 * The same event of an object is counted. When more than ten with different messages and the same
 * reason come within ten minutes, those that follow are counted as one whose message changes. An
 * object gets 25 writes at once and then one each five minutes.
 */
export class EventCorrelator {
  readonly #series = new Map<string, Series>();
  readonly #families = new Map<string, Family>();
  readonly #buckets = new Map<string, Bucket>();

  /** What is to be written of this note; undefined when it is only counted, for now. */
  correlate(object: KubeObject, note: EventNote, at: Moment): CorrelatedEvent | undefined {
    const nowMs = at.monotonicMs;
    const uid = object.metadata.uid ?? object.metadata.name;
    const family = [uid, note.type, note.reason].join('\n');
    const isCombined = this.#isOneTooMany(family, note.message, nowMs);
    const id = isCombined ? family : `${family}\n${note.message}`;
    const series = this.#series.get(id) ?? newSeries(object, at.wallMs);
    series.count += 1;
    keep(this.#series, id, series);
    if (nowMs - series.writtenAtMs < REPEAT_MS || !this.#takeToken(uid, nowMs)) return undefined;
    const isNew = series.writtenAtMs === Number.NEGATIVE_INFINITY;
    series.writtenAtMs = nowMs;
    return {
      ...note,
      message: isCombined ? `${COMBINED}${note.message}` : note.message,
      name: series.name,
      isNew,
      count: series.count,
      firstMs: series.firstMs,
      lastMs: at.wallMs,
      series: id,
    };
  }

  /** Forgets an event that could not be created: the next of its kind begins anew. */
  forget(event: CorrelatedEvent): void {
    this.#series.delete(event.series);
  }

  #isOneTooMany(id: string, message: string, nowMs: number): boolean {
    const known = this.#families.get(id);
    const isRecent = known !== undefined && nowMs - known.lastMs <= SIMILAR_WITHIN_MS;
    const family: Family = isRecent ? known : { messages: new Set(), lastMs: nowMs };
    family.lastMs = nowMs;
    keep(this.#families, id, family);
    if (family.messages.has(message)) return false;
    if (family.messages.size >= MAX_SIMILAR) return true;
    family.messages.add(message);
    return false;
  }

  #takeToken(uid: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(uid) ?? { tokens: BURST, filledAtMs: nowMs };
    const refilled = Math.max(0, nowMs - bucket.filledAtMs) / REFILL_MS;
    const tokens = Math.min(BURST, bucket.tokens + refilled);
    const isThere = tokens >= 1;
    keep(this.#buckets, uid, { tokens: isThere ? tokens - 1 : tokens, filledAtMs: nowMs });
    return isThere;
  }
}

function newSeries(object: KubeObject, firstMs: number): Series {
  const name = `${object.metadata.name.slice(0, MAX_NAME)}.${randomBytes(8).toString('hex')}`;
  return { name, firstMs, count: 0, writtenAtMs: Number.NEGATIVE_INFINITY };
}

/** Puts the entry last; when there are too many, the one that was not used for longest is forgotten. */
function keep<V>(entries: Map<string, V>, key: string, value: V): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size <= MAX_KEPT) return;
  const oldest = entries.keys().next();
  if (oldest.done !== true) entries.delete(oldest.value);
}
