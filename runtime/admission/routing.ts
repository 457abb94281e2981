import { type DidRecord, didRecordSchema } from '#crds/projection/did-record.ts';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { type TenantProfile, tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';

/** Reads what the operator has projected: where a number leads, and what a tenant is. */
export class Routing {
  readonly #redis: Redis;
  readonly #log: Logger;

  constructor(redis: Redis, log: Logger) {
    this.#redis = redis;
    this.#log = log;
  }

  /** Undefined for a number that leads nowhere. Throws what Redis throws. */
  async numberOf(e164: string): Promise<DidRecord | undefined> {
    const value = await this.#redis.hget(projectionKeys.did(e164), PROJECTED_FIELDS.value);
    return this.#parse(value, didRecordSchema, 'number');
  }

  /** Undefined for a tenant that is not projected, or in a form this release cannot read. */
  async tenantOf(tenantID: string): Promise<TenantProfile | undefined> {
    const value = await this.#redis.hget(projectionKeys.tenant(tenantID), PROJECTED_FIELDS.value);
    return this.#parse(value, tenantProfileSchema, 'tenant');
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
