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

const payloadSchema = z.object({ sub: z.uuid(), sid: z.uuid(), tid: z.uuid().nullable() });

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
    const keyID = decoded(token)?.header.kid;
    const key = this.#keys.find(({ id }) => id === keyID);
    if (!key) return undefined;
    let payload: unknown;
    try {
      payload = jwt.verify(token, key.secret, {
        algorithms: ['HS256'],
        issuer: OUR_ISSUER,
        audience: AUDIENCE,
        clockTimestamp: Math.floor(this.#clock.now() / 1_000),
      });
    } catch {
      // Every reason of jsonwebtoken means the same to us: not authenticated.
      return undefined;
    }
    const parsed = payloadSchema.safeParse(payload);
    if (!parsed.success) return undefined;
    return { userID: parsed.data.sub, tenantID: parsed.data.tid, sessionID: parsed.data.sid };
  }
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
