import { type DidRecord, didRecordSchema } from '#crds/projection/did-record.ts';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { type TenantKnowledge, tenantKnowledgeSchema } from '#crds/projection/tenant-knowledge.ts';
import { type TenantProfile, tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import { type ToolTokens, toolTokensSchema } from '#crds/projection/tool-tokens.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { LastKnown } from './last-known.ts';

/** For so long a number that was taken away may be on its way to another resource or runtime. */
const MOVING_MS = 300_000;

export interface RoutingOptions {
  readonly redis: Redis;
  readonly log: Logger;
  /** Whether Redis is, for a key. */
  readonly away: (key: string) => boolean;
  readonly clock: Clock;
}

/**
 * Reads what the operator has projected: where a number leads, and what a tenant is. While Redis is
 * away, or has lost the projection and the operator has not written it anew yet, what this pod read
 * last.
 */
export class Routing {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #away: (key: string) => boolean;
  readonly #clock: Clock;
  readonly #lastKnown = new LastKnown();
  /** Apart, as it is large: numbers and tenants must not have to make room for it. */
  readonly #lastKnowledge = new LastKnown();

  constructor({ redis, log, away, clock }: RoutingOptions) {
    this.#redis = redis;
    this.#log = log;
    this.#away = away;
    this.#clock = clock;
  }

  /**
   * Undefined for a number that leads nowhere. Throws what Redis throws and ProjectionLost, for what
   * was never read.
   */
  async numberOf(e164: string): Promise<DidRecord | undefined> {
    const value = await this.#read(projectionKeys.did(e164));
    return this.#parse(value, didRecordSchema, 'number');
  }

  /** Where a number led that leads nowhere any more, for five minutes after it was taken away. */
  async removedNumberOf(e164: string): Promise<DidRecord | undefined> {
    const { value, atMs } = await this.#readRemoved(projectionKeys.did(e164));
    if (atMs < this.#clock.now() - MOVING_MS) return undefined;
    return this.#parse(value, didRecordSchema, 'number');
  }

  /** Undefined for a tenant that is not projected, or in a form this release cannot read. Throws alike. */
  async tenantOf(tenantID: string): Promise<TenantProfile | undefined> {
    const value = await this.#read(projectionKeys.tenant(tenantID));
    return this.#parse(value, tenantProfileSchema, 'tenant');
  }

  /** The sealed tokens of a tenant's tools; undefined where it has none. Throws alike. */
  async toolTokensOf(tenantID: string): Promise<ToolTokens | undefined> {
    const value = await this.#read(projectionKeys.tenantTools(tenantID));
    return this.#parse(value, toolTokensSchema, 'tool tokens');
  }

  /** What a tenant's ConfigMaps tell; undefined where it names none. Throws alike. */
  async knowledgeOf(tenantID: string): Promise<TenantKnowledge | undefined> {
    const value = await this.#read(projectionKeys.tenantKnowledge(tenantID), this.#lastKnowledge);
    return this.#parse(value, tenantKnowledgeSchema, 'knowledge');
  }

  /** Whether this pod can say what a tenant is while Redis is away. */
  hasRead(tenantID: string): boolean {
    return this.#lastKnown.recall(projectionKeys.tenant(tenantID)) !== undefined;
  }

  /** For a call in progress: also what a tenant was that ends, whose calls go on to their own ends. Throws alike. */
  async tenantOfCall(tenantID: string): Promise<TenantProfile | undefined> {
    const present = await this.tenantOf(tenantID);
    if (present) return present;
    const { value } = await this.#readRemoved(projectionKeys.tenant(tenantID));
    return this.#parse(value, tenantProfileSchema, 'tenant');
  }

  async #read(key: string, lastKnown = this.#lastKnown): Promise<string | null> {
    const known = lastKnown.recall(key);
    if (known !== undefined && this.#away(key)) return known;
    const value = await this.#redis.hget(key, PROJECTED_FIELDS.value);
    if (value === null && !(await this.#isWhole())) {
      if (known === undefined) throw new ProjectionLost();
      return known;
    }
    lastKnown.remember(key, value);
    return value;
  }

  /** What a key had that was taken away, and when that was. */
  async #readRemoved(key: string): Promise<{ readonly value: string | null; readonly atMs: number }> {
    if (this.#away(key)) return { value: null, atMs: 0 };
    const { removed, removedAt } = PROJECTED_FIELDS;
    const [value = null, at] = await this.#redis.hmget(key, removed, removedAt);
    return { value, atMs: Number(at ?? 0) };
  }

  /** Whether Redis holds the whole projection: the operator says so when it has written it. */
  async #isWhole(): Promise<boolean> {
    const [epoch, whole] = await Promise.all([
      this.#redis.get(projectionKeys.epoch()),
      this.#redis.get(projectionKeys.whole()),
    ]);
    return epoch !== null && epoch === whole;
  }

  #parse<T>(value: string | null, schema: Parser<T>, what: string): T | undefined {
    if (value === null) return undefined;
    const result = schema.safeParse(parseJSON(value));
    if (result.success) return result.data;
    this.#log.error({ what, problems: result.error.issues.map(pathOf) }, 'a projected record cannot be read');
    return undefined;
  }
}

/** Redis was emptied, and what leads where is not written again yet: ask again in a moment. */
class ProjectionLost extends OperatingError {
  constructor() {
    super('projection_lost', 'Redis has lost the projection, and this number was never read before', {
      retryable: true,
    });
  }
}

interface Parser<T> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: { issues: readonly { path: PropertyKey[] }[] } };
}

/** The path alone: a message may repeat a number. */
function pathOf(issue: { path: PropertyKey[] }): string {
  return issue.path.map(String).join('.');
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
