import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PoolClient } from '../database/database.ts';
import { ApiError } from './api-error.ts';

/** What a POST that creates answers: the reply without its secrets is what may be kept. */
export interface Created<Status, Body> {
  readonly status: Status;
  readonly location: string;
  readonly body: Body;
}

export interface Effect<Status, Body, FullBody> {
  /** Begins the transaction that the effect and its record are committed in: `(work) => database.withTenant(id, work)`. */
  readonly transaction: <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>;
  /** Whose data the reply holds. */
  readonly tenantID: string | null;
  readonly create: (client: PoolClient) => Promise<Created<Status, Body>>;
  /** Adds what must not be kept, minted anew for a repeated request. Absent: the reply holds no secrets. */
  readonly addSecrets?: (client: PoolClient, body: Body) => Promise<FullBody>;
}

/**
 * Runs an effect at most once for each (principal, operation, Idempotency-Key) in 24 hours; a
 * repetition gets the first reply. Without a key it simply runs. Every handler that answers 201 or
 * 202 goes through it. Throws ApiError `idempotency_in_flight`, `idempotency_key_reused`.
 */
export type Once = <Status extends 201 | 202, Body, FullBody = Body>(
  effect: Effect<Status, Body, FullBody>,
) => Promise<Created<Status, FullBody>>;

export interface OnceRequest {
  /** Who asks, in which tenant. */
  readonly principal: string;
  readonly operation: string;
  /** Undefined: the client did not send one. */
  readonly key: string | undefined;
  /** What is asked: parameters, query and body as parsed. */
  readonly content: unknown;
  /**
   * Keys the digest: a plain hash of a body with a password in it would let it be guessed offline. The
   * first is used; the others are those that it replaced.
   */
  readonly secrets: readonly string[];
}

interface KeptRow {
  readonly digest: Buffer;
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

/** The `once` of one request, which also says whether the reply is that of an earlier one. */
export function onceFor(request: OnceRequest) {
  return <Status extends 201 | 202, Body, FullBody>(
    effect: Effect<Status, Body, FullBody>,
  ): Promise<Created<Status, FullBody> & { readonly replayed: boolean }> =>
    effect.transaction(async (client) => {
      const kept = await findKept<Status, Body>(client, request);
      const created = kept ?? (await createAndKeep(client, request, effect));
      const body = effect.addSecrets ? await effect.addSecrets(client, created.body) : created.body;
      return { ...created, body: body as FullBody, replayed: kept !== undefined };
    });
}

/**
 * The reply that was kept, after the lock that holds off a second request until this one's end: it
 * goes with the transaction, so a server that is killed holds nobody off.
 */
async function findKept<Status, Body>(
  client: PoolClient,
  request: OnceRequest,
): Promise<Created<Status, Body> | undefined> {
  const { principal, operation, key } = request;
  if (key === undefined) return undefined;
  const lock = await client.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7203141593)) AS taken',
    [JSON.stringify([principal, operation, key])],
  );
  if (!lock.rows[0]?.taken) throw new ApiError('idempotency_in_flight', undefined, { retryAfterSeconds: 1 });
  return readKept(client, { ...request, key });
}

/** The reply that was kept under the key. Throws ApiError `idempotency_key_reused` for that of another request. */
export async function readKept<Status, Body>(
  client: PoolClient,
  request: OnceRequest & { readonly key: string },
): Promise<Created<Status, Body> | undefined> {
  const { principal, operation, key } = request;
  const { rows } = await client.query<KeptRow>('SELECT * FROM idempotency_find($1, $2, $3)', [
    principal,
    operation,
    key,
  ]);
  const row = rows[0];
  if (!row) return undefined;
  if (!digestsOf(request).some((digest) => timingSafeEqual(row.digest, digest)))
    throw new ApiError('idempotency_key_reused');
  // What this operation kept under this key: of its own types.
  return { status: row.status as Status, location: row.location, body: JSON.parse(row.body) as Body };
}

async function createAndKeep<Status extends number, Body, FullBody>(
  client: PoolClient,
  request: OnceRequest,
  effect: Effect<Status, Body, FullBody>,
): Promise<Created<Status, Body>> {
  const created = await effect.create(client);
  if (request.key !== undefined) await keepReply(client, request, { ...created, tenantID: effect.tenantID });
  return created;
}

/** Keeps a reply without secrets for a day. */
export async function keepReply(
  client: PoolClient,
  request: OnceRequest,
  created: Created<number, unknown> & { readonly tenantID: string | null },
): Promise<void> {
  await client.query('SELECT idempotency_keep($1, $2, $3, $4, $5, $6, $7, $8)', [
    request.principal,
    request.operation,
    request.key,
    created.tenantID,
    digestsOf(request)[0],
    created.status,
    created.location,
    JSON.stringify(created.body),
  ]);
}

export function digestsOf({ content, secrets }: OnceRequest): readonly Buffer[] {
  const text = JSON.stringify(content);
  return secrets.map((secret) => createHmac('sha256', `idempotency:${secret}`).update(text).digest());
}
