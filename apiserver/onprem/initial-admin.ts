import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import { ADVISORY_LOCKS } from '../database/advisory-locks.ts';
import type { Database, PoolClient } from '../database/database.ts';
import type { PasswordHasher } from '../identity/password-hasher.ts';

export interface InitialAdminOptions {
  readonly kube: Pick<KubeClient, 'get' | 'create'>;
  /** As the worker role; two connections of it are used at once. */
  readonly database: Database;
  readonly hasher: PasswordHasher;
  readonly namespace: string;
  readonly email: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export const ADMIN_SECRET = 'veralux-admin';
const RETRY = { initialMs: 200, maxMs: 10_000 };

interface Credentials {
  readonly email: string;
  readonly password: string;
}

/**
 * On-prem: the first administrator, whose password is in the Secret `veralux-admin` of the API
 * server's own namespace. Made once; goes on trying while the cluster or the database is away.
 */
export class InitialAdmin implements Service {
  readonly name = 'initial administrator';
  readonly #options: InitialAdminOptions;
  readonly #loop: Loop;
  #failures = 0;

  constructor(options: InitialAdminOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: () => this.#try() });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #try(): Promise<number | undefined> {
    try {
      await ensureInitialAdmin(this.#options);
      return undefined;
    } catch (error) {
      const delayMs = backoffMs(this.#failures, RETRY);
      this.#failures += 1;
      this.#options.log.warn({ err: error, delayMs }, 'the initial administrator could not be made yet');
      return delayMs;
    }
  }
}

/**
 * Brings the person and the Secret together. The password is in the database before it is in the
 * Secret: killed in between, the Secret is missing and a new password is made the next time.
 *
 *   Secret  person
 *   yes     yes     both stay as they are
 *   yes     no      the person is made with the Secret's password
 *   no      yes     a new password, for the person and the Secret
 *   no      no      both are made
 */
export async function ensureInitialAdmin(options: InitialAdminOptions): Promise<void> {
  const { database, log } = options;
  await database.transaction(async (lock) => {
    await lock.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.initialAdmin]);
    const hasPerson = await hasInitialAdmin(lock);
    const secret = await readSecret(options);
    if (secret && !hasPerson) await writePerson(options, secret);
    if (!secret) {
      const fresh = { email: options.email, password: randomBytes(18).toString('base64url') };
      await writePerson(options, fresh);
      await publishSecret(options, fresh);
      log.info(
        { secret: `${options.namespace}/${ADMIN_SECRET}`, replacesLost: hasPerson },
        hasPerson
          ? "the initial administrator's Secret was missing, so there is a new password in a new one"
          : 'the initial administrator was made; the password is in the Secret',
      );
    }
    await ownEveryTenant(database);
  });
}

async function hasInitialAdmin(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM users WHERE initial_admin');
  return rows.length > 0;
}

/** Makes the person or gives them this password. Committed at once, beside the lock's transaction. */
async function writePerson({ database, hasher }: InitialAdminOptions, who: Credentials): Promise<void> {
  const hash = await hasher.hash(who.password);
  const updated = await database.query(
    'UPDATE users SET password_hash = $1 WHERE initial_admin RETURNING user_id',
    [hash],
  );
  if (updated.length > 0) return;
  await database.query(
    `INSERT INTO users (user_id, email, name, password_hash, initial_admin)
     VALUES ($1, $2, 'Administrator', $3, true)
     ON CONFLICT (email) DO UPDATE SET password_hash = excluded.password_hash, initial_admin = true`,
    [randomUUID(), who.email, hash],
  );
}

/** Creates the Secret by POST; whoever was first with another password has the last word. */
async function publishSecret(options: InitialAdminOptions, fresh: Credentials): Promise<void> {
  try {
    await options.kube.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: ADMIN_SECRET,
        namespace: options.namespace,
        labels: { 'app.kubernetes.io/managed-by': 'veralux-apiserver' },
      },
      type: 'Opaque',
      stringData: fresh,
    } as KubeObject);
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    const theirs = await readSecret(options);
    if (theirs) await writePerson(options, theirs);
  }
}

const secretSchema = z.object({ data: z.object({ email: z.string(), password: z.string() }) });

async function readSecret({ kube, namespace, log }: InitialAdminOptions): Promise<Credentials | undefined> {
  const secret = await kube.get<KubeObject>(SECRETS, { name: ADMIN_SECRET, namespace });
  if (!secret) return undefined;
  const parsed = secretSchema.safeParse(secret);
  if (!parsed.success) {
    log.error(
      { secret: `${namespace}/${ADMIN_SECRET}` },
      'the Secret lacks email or password; delete it to get a new one',
    );
    throw new Error(`the Secret ${namespace}/${ADMIN_SECRET} lacks the keys email and password`);
  }
  const decode = (text: string) => Buffer.from(text, 'base64').toString('utf8');
  return { email: decode(parsed.data.data.email), password: decode(parsed.data.data.password) };
}

async function ownEveryTenant(database: Database): Promise<void> {
  await database.query(
    `INSERT INTO memberships (tenant_id, user_id, role)
     SELECT tenant_id, user_id, 'Owner' FROM tenants, users WHERE initial_admin
     ON CONFLICT DO NOTHING`,
  );
}
