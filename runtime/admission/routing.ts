import { type DidRecord, didRecordSchema } from '#crds/projection/did-record.ts';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { type TenantProfile, tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { LastKnown } from './last-known.ts';

/**
 * Reads what the operator has projected: where a number leads, and what a tenant is. While Redis is
 * away, what this pod read last.
 */
export class Routing {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #away: () => boolean;
  readonly #lastKnown = new LastKnown();

  /** `away` says whether Redis is. */
  constructor(redis: Redis, log: Logger, away: () => boolean) {
    this.#redis = redis;
    this.#log = log;
    this.#away = away;
  }

  /** Undefined for a number that leads nowhere. Throws what Redis throws, for what was never read. */
  async numberOf(e164: string): Promise<DidRecord | undefined> {
    const value = await this.#read(projectionKeys.did(e164));
    return this.#parse(value, didRecordSchema, 'number');
  }

  /** Undefined for a tenant that is not projected, or in a form this release cannot read. */
  async tenantOf(tenantID: string): Promise<TenantProfile | undefined> {
    const value = await this.#read(projectionKeys.tenant(tenantID));
    return this.#parse(value, tenantProfileSchema, 'tenant');
  }

  async #read(key: string): Promise<string | null> {
    const known = this.#lastKnown.recall(key);
    if (known !== undefined && this.#away()) return known;
    const value = await this.#redis.hget(key, PROJECTED_FIELDS.value);
    this.#lastKnown.remember(key, value);
    return value;
  }

  #parse<T>(value: string | null, schema: Parser<T>, what: string): T | undefined {
    if (value === null) return undefined;
    const result = schema.safeParse(parseJSON(value));
    if (result.success) return result.data;
    this.#log.error({ what, problems: result.error.issues.map(pathOf) }, 'a projected record cannot be read');
    return undefined;
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
