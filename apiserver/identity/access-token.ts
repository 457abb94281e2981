import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';

/** What an access token says: whose it is, for which tenant, and the session that must still live. */
export interface AccessClaims {
  readonly userID: string;
  readonly tenantID: string | null;
  readonly sessionID: string;
}

/** A token lives this long; then the refresh token gives the next. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

/** Who our own tokens are from. */
export const OUR_ISSUER = 'veralux';
const AUDIENCE = 'veralux-api';

const verifiedSchema = z.object({
  header: z.object({ kid: z.string() }),
  payload: z.object({ sub: z.uuid(), sid: z.uuid(), tid: z.uuid().nullable(), exp: z.number() }),
});

/** So many tokens are remembered; then it begins anew. */
const MAX_VERIFIED = 4_096;

interface Verified {
  readonly claims: AccessClaims;
  readonly expiresAtSeconds: number;
}

interface Key {
  /** Names the secret without telling it. */
  readonly id: string;
  /** A text would be tried as a public key with each token first. */
  readonly secret: KeyObject;
}

/** Signs and verifies access tokens with HS256, and with nothing else. */
export class AccessTokens {
  readonly #signing: Key;
  readonly #keys: readonly Key[];
  readonly #clock: Clock;
  /** By token: the next request has it, too. What can change of it, its session and its time, is looked at each time. */
  readonly #verified = new Map<string, Verified>();

  /** The first secret signs. While it replaces another, both verify: a token says by which it was signed. */
  constructor([first, ...others]: readonly [string, ...string[]], clock: Clock) {
    this.#signing = keyOf(first);
    this.#keys = [this.#signing, ...others.map(keyOf)];
    this.#clock = clock;
  }

  sign(claims: AccessClaims): string {
    const issuedAt = Math.floor(this.#clock.now() / 1_000);
    return jwt.sign(
      {
        iss: OUR_ISSUER,
        aud: AUDIENCE,
        sub: claims.userID,
        sid: claims.sessionID,
        tid: claims.tenantID,
        iat: issuedAt,
        exp: issuedAt + ACCESS_TOKEN_SECONDS,
      },
      this.#signing.secret,
      { algorithm: 'HS256', keyid: this.#signing.id },
    );
  }

  /** The claims, or undefined when the token is not ours, was changed or has ended. */
  verify(token: string): AccessClaims | undefined {
    const nowSeconds = Math.floor(this.#clock.now() / 1_000);
    const known = this.#verified.get(token);
    if (known && nowSeconds < known.expiresAtSeconds) return known.claims;
    for (const key of this.#keys) {
      const verified = verifyBy(key, token, nowSeconds);
      if (verified === undefined) continue;
      if (this.#verified.size >= MAX_VERIFIED) this.#verified.clear();
      this.#verified.set(token, verified);
      return verified.claims;
    }
    return undefined;
  }
}

/** Looks at the header's `kid` last: to read it before would take the token apart twice. */
function verifyBy(key: Key, token: string, nowSeconds: number): Verified | undefined {
  let verified: unknown;
  try {
    verified = jwt.verify(token, key.secret, {
      algorithms: ['HS256'],
      issuer: OUR_ISSUER,
      audience: AUDIENCE,
      clockTimestamp: nowSeconds,
      complete: true,
    });
  } catch {
    // Every reason of jsonwebtoken means the same to us: not authenticated.
    return undefined;
  }
  const { data } = verifiedSchema.safeParse(verified);
  if (data?.header.kid !== key.id) return undefined;
  const { sub: userID, tid: tenantID, sid: sessionID, exp: expiresAtSeconds } = data.payload;
  return { claims: { userID, tenantID, sessionID }, expiresAtSeconds };
}

/** A payload is any JSON until it is verified. */
const issuedSchema = z.object({ iss: z.string() });

/** From whom a token says it is, before anything of it is believed: only to choose who verifies it. */
export function issuerOf(token: string): string | undefined {
  return issuedSchema.safeParse(decoded(token)?.payload).data?.iss;
}

function decoded(token: string): jwt.Jwt | undefined {
  try {
    return jwt.decode(token, { complete: true }) ?? undefined;
  } catch {
    // Its payload says that it is JSON and is not.
    return undefined;
  }
}

function keyOf(secret: string): Key {
  return {
    id: createHash('sha256').update(`kid:${secret}`).digest('hex').slice(0, 12),
    secret: createSecretKey(secret, 'utf8'),
  };
}
