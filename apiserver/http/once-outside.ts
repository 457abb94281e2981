import { randomUUID } from 'node:crypto';
import type { PoolClient } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
import { ApiError } from './api-error.ts';
import { type Created, digestsOf, keepReply, type OnceRequest, readKept } from './once.ts';

export interface OutsideEffect<Status, Body> {
  /** Begins a short transaction: `(work) => database.withTenant(id, work)`. None is open while `create` runs. */
  readonly transaction: <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>;
  /** Whose data the reply holds. */
  readonly tenantID: string | null;
  readonly create: (attempt: Attempt) => Promise<Created<Status, Body>>;
}

export interface Attempt {
  /**
   * Whether an earlier attempt under the same key ended without an answer: what it was to make may be there,
   * and then it is what this one is to make.
   */
  readonly mayBeDone: boolean;
}

/**
 * As `once`, for an effect that is no row of ours, such as a write to the cluster. It may take long, and a
 * transaction that waited for it would keep a connection from everybody else. The key is claimed before and
 * the reply kept after it, so an attempt in between that was killed, or whose outcome nobody knows, is told
 * of to the next. Throws as `once` does.
 */
export type OnceOutside = <Status extends 201 | 202, Body>(
  effect: OutsideEffect<Status, Body>,
) => Promise<Created<Status, Body>>;

/** Longer than the cluster is ever waited for. The requests that follow a killed server's wait as long. */
const CLAIM_MS = 120_000;

/** The `onceOutside` of one request, which also says whether the reply is that of an earlier one. */
export function onceOutsideFor(request: OnceRequest) {
  return async <Status extends 201 | 202, Body>(
    effect: OutsideEffect<Status, Body>,
  ): Promise<Created<Status, Body> & { readonly replayed: boolean }> => {
    const { key } = request;
    if (key === undefined) return { ...(await effect.create({ mayBeDone: false })), replayed: false };
    const claim = { ...request, key, id: randomUUID() };
    const begun = await effect.transaction((client) => begin<Status, Body>(client, claim));
    if ('kept' in begun) return { ...begun.kept, replayed: true };
    const created = await attempt(effect, claim, begun);
    await effect.transaction(async (client) => {
      await keepReply(client, request, { ...created, tenantID: effect.tenantID });
      await release(client, claim, true);
    });
    return { ...created, replayed: false };
  };
}

interface Claim extends OnceRequest {
  readonly key: string;
  readonly id: string;
}

/** Claims the key, or finds what was answered under it. */
async function begin<Status, Body>(
  client: PoolClient,
  claim: Claim,
): Promise<{ readonly kept: Created<Status, Body> } | Attempt> {
  const { rows } = await client.query<{ claimed: 'First' | 'Further' | 'InFlight' | 'Reused' }>(
    'SELECT idempotency_claim($1, $2, $3, $4, $5, $6::interval) AS claimed',
    [claim.principal, claim.operation, claim.key, digestsOf(claim), claim.id, `${CLAIM_MS} milliseconds`],
  );
  const claimed = rows[0]?.claimed;
  if (claimed === 'Reused') throw new ApiError('idempotency_key_reused');
  if (claimed === undefined || claimed === 'InFlight') {
    throw new ApiError('idempotency_in_flight', undefined, { retryAfterSeconds: 1 });
  }
  // Looked for under the claim: an attempt that ends keeps its reply before it gives the key back.
  const kept = await readKept<Status, Body>(client, claim);
  if (kept === undefined) return { mayBeDone: claimed === 'Further' };
  await release(client, claim, true);
  return { kept };
}

async function attempt<Status, Body>(
  effect: OutsideEffect<Status, Body>,
  claim: Claim,
  how: Attempt,
): Promise<Created<Status, Body>> {
  try {
    return await effect.create(how);
  } catch (error) {
    // A refusal says that nothing was done. All else may mean that the answer alone was lost.
    const isKnown = error instanceof ApiError && !error.retryable;
    await giveBack(effect, claim, isKnown);
    throw error;
  }
}

/** Where the database is away, the claim ends by itself: what the attempt failed of is the answer. */
async function giveBack(
  { transaction }: Pick<OutsideEffect<unknown, unknown>, 'transaction'>,
  claim: Claim,
  isKnown: boolean,
): Promise<void> {
  try {
    await transaction((client) => release(client, claim, isKnown));
  } catch (error) {
    if (!isUnavailable(error)) throw error;
  }
}

async function release(client: PoolClient, { id }: Claim, isKnown: boolean): Promise<void> {
  await client.query('SELECT idempotency_release($1, $2)', [id, isKnown]);
}
