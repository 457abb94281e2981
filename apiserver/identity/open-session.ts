import { randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import type { PoolClient } from '../database/database.ts';
import { brokenConstraintOf } from '../database/database-error.ts';
import { ApiError } from '../http/api-error.ts';
import type { AccessTokens } from './access-token.ts';
import type { Presence } from './principal.ts';
import { hashOfSecret, newSecret } from './secret.ts';

/** A session that is not refreshed for this long has ended. */
const SESSION_DAYS = 30;

/** Of a session to the membership that it is for. */
const MEMBERSHIP_KEY = 'sessions_tenant_id_user_id_fkey';

/** What a person gets for signing in. */
export interface SessionTokens {
  readonly token: string;
  readonly refreshToken: string;
}

export interface SessionDeps {
  readonly tokens: AccessTokens;
  readonly clock: Clock;
}

/** What proves a person who begins a session. It has to hold still when the session begins. */
export type Proof =
  /** Presence by a session: the new one joins its family, and ends with it. */
  | Presence
  /** A password, and the hash that it was held against. */
  | { readonly kind: 'Password'; readonly hash: string }
  /** The request by which the account was made, also repeated; good until the password is changed. */
  | { readonly kind: 'Creation' };

export interface NewSession {
  readonly userID: string;
  readonly tenantID: string | null;
  readonly proof: Proof;
}

/**
 * Opens a session in the transaction of `client` and makes its tokens. Throws ApiError `not_found` without a
 * membership, and `wrong_credentials` or, for a presence, `not_authenticated` where the proof holds no more.
 */
export async function openSession(
  { tokens, clock }: SessionDeps,
  client: PoolClient,
  { proof, ...who }: NewSession,
): Promise<SessionTokens> {
  const sessionID = randomUUID();
  const refreshToken = newSecret('refreshToken');
  try {
    const { rows } = await client.query<{ begun: boolean }>(
      'SELECT auth_start_session($1, $2, $3, $4, $5, $6, $7, $8, $9) AS begun',
      [
        sessionID,
        who.userID,
        who.tenantID,
        sessionEnd(clock),
        hashOfSecret(refreshToken),
        ...proofColumns(proof),
      ],
    );
    if (!rows[0]?.begun) throw new ApiError(isPresence(proof) ? 'not_authenticated' : 'wrong_credentials');
  } catch (error) {
    // Removed from the tenant a moment ago.
    if (brokenConstraintOf(error) === MEMBERSHIP_KEY)
      throw new ApiError('not_found', undefined, { cause: error });
    throw error;
  }
  return { token: tokens.sign({ ...who, sessionID }), refreshToken };
}

function isPresence(proof: Proof): proof is Presence {
  return proof.kind === 'Session' || proof.kind === 'Identity';
}

/** A session, an issuer and a subject, a hash: as `auth_start_session` takes them. */
function proofColumns(proof: Proof): readonly (string | null)[] {
  return [...presenceColumns(proof), proof.kind === 'Password' ? proof.hash : null];
}

/** A session, an issuer and a subject: as the functions take them that ask whether somebody is still there. */
export function presenceColumns(proof: Proof): readonly (string | null)[] {
  return [
    proof.kind === 'Session' ? proof.sessionID : null,
    ...(proof.kind === 'Identity' ? [proof.issuer, proof.subject] : [null, null]),
  ];
}

/** When a session ends that is opened or refreshed now. */
export function sessionEnd(clock: Clock): Date {
  return new Date(clock.now() + SESSION_DAYS * 24 * 60 * 60 * 1_000);
}
