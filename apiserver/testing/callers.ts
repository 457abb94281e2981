import { randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { systemClock } from '#lib/clock/clock.ts';
import { AccessTokens } from '../identity/access-token.ts';
import type { Scope, TenantRole } from '../identity/permissions.ts';
import { hashOfSecret, newSecret } from '../identity/secret.ts';
import { TEST_SECRET, type TestApi } from './test-api.ts';
import type { MigratedDatabase } from './test-database.ts';

export interface TestPerson {
  readonly userID: string;
  readonly tenantID: string | null;
}

/** Makes people, sessions and keys as the API would, without its routes. */
export class Callers {
  readonly #database: MigratedDatabase;
  readonly #api: TestApi;

  constructor(database: MigratedDatabase, api: TestApi) {
    this.#database = database;
    this.#api = api;
  }

  /** A person, and what they are in the tenant. */
  async person(tenantID?: string, role?: TenantRole): Promise<TestPerson> {
    const userID = randomUUID();
    const { worker } = this.#database;
    await worker.query(
      `INSERT INTO users (user_id, email, name, password_hash) VALUES ($1, $2, 'Somebody', 'quick:SecureP@ss123')`,
      [userID, `${userID}@example.com`],
    );
    if (tenantID !== undefined) {
      await worker.query('INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, $3)', [
        tenantID,
        userID,
        role,
      ]);
    }
    return { userID, tenantID: tenantID ?? null };
  }

  async staff(): Promise<TestPerson> {
    const person = await this.person();
    await this.#database.worker.query('UPDATE users SET is_staff = true WHERE user_id = $1', [person.userID]);
    return person;
  }

  /** An access token of a new session. */
  async token(person: TestPerson): Promise<string> {
    return this.#api.tokens.sign({ ...person, sessionID: await this.session(person) });
  }

  async expiredToken(person: TestPerson): Promise<string> {
    const past = { ...systemClock, now: () => systemClock.now() - 24 * 60 * 60 * 1_000 };
    const tokens = new AccessTokens([TEST_SECRET], past);
    return tokens.sign({ ...person, sessionID: await this.session(person) });
  }

  async tokenForAnotherAudience(person: TestPerson): Promise<string> {
    const { header, payload } = jwt.decode(await this.token(person), { complete: true }) ?? {};
    return jwt.sign({ ...(payload as object), aud: 'another-api' }, TEST_SECRET, { header });
  }

  async apiKey(tenantID: string, scopes: readonly Scope[]): Promise<string> {
    const key = newSecret('apiKey');
    await this.#database.app.withTenant(tenantID, (client) =>
      client.query(
        `INSERT INTO api_keys (tenant_id, key_id, name, secret_hash, scopes) VALUES ($1, $2, 'test', $3, $4)`,
        [tenantID, randomUUID(), hashOfSecret(key), scopes],
      ),
    );
    return key;
  }

  async session({ userID, tenantID }: TestPerson): Promise<string> {
    const sessionID = randomUUID();
    const endsAt = new Date(systemClock.now() + 60_000);
    await this.#database.app.query('SELECT auth_open_session($1, $2, $3, $4)', [
      sessionID,
      userID,
      tenantID,
      endsAt,
    ]);
    return sessionID;
  }
}
