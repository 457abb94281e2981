import { randomUUID } from 'node:crypto';
import { systemClock } from '#lib/clock/clock.ts';
import { callAt, type Reply, type TestApi } from './test-api.ts';

export interface SignedUp {
  readonly email: string;
  readonly tenantID: string;
  readonly name: string;
}

/** Between two tries of somebody who was not served, and two looks at `/ready`. */
const PAUSE_MS = 50;

/**
 * People who ask without pause, as long as `/ready` does not say that the server ends: some read their usage,
 * one signs up after the other. Who is refused tries again, a sign-up under the same Idempotency-Key.
 */
export class ApiLoad {
  /** How often each status came, with the code of a problem: `200`, `503 database_unavailable`. */
  readonly answers = new Map<string, number>();
  /** Who was told to be signed up. */
  readonly signedUp: SignedUp[] = [];
  /** What became of requests that were not answered. */
  readonly failures: unknown[] = [];
  /** How often usage was read. */
  reads = 0;
  readonly #call: TestApi['call'];
  readonly #token: string;
  readonly #people: readonly Promise<void>[];
  #isOver = false;

  constructor(url: string, token: string) {
    this.#call = callAt(url);
    this.#token = token;
    this.#people = [this.#read(), this.#read(), this.#read(), this.#signUp(), this.#watch()];
  }

  /** Resolves when each has the reply to the last request. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.ended;
  }

  get ended(): Promise<void> {
    return Promise.all(this.#people).then(() => undefined);
  }

  async #read(): Promise<void> {
    while (!this.#isOver) {
      const reply = await this.#ask('GET', '/api/admin/usage', { token: this.#token });
      if (reply?.status === 200) this.reads += 1;
      else await systemClock.sleep(PAUSE_MS);
    }
  }

  async #signUp(): Promise<void> {
    let email = `${randomUUID()}@example.com`;
    while (!this.#isOver) {
      const body = { email, password: 'SecureP@ss123', name: 'Jane Smith', companyName: 'Acme' };
      const headers = { 'idempotency-key': email };
      const reply = await this.#ask('POST', '/api/auth/signup', { body, headers });
      if (reply?.status === 201) {
        const { id: tenantID, name } = reply.body.tenant;
        this.signedUp.push({ email, tenantID, name });
        email = `${randomUUID()}@example.com`;
      } else {
        await systemClock.sleep(PAUSE_MS);
      }
    }
  }

  /** As a load balancer does. */
  async #watch(): Promise<void> {
    while (!this.#isOver) {
      const reply = await this.#call('GET', '/ready').catch(() => undefined);
      if (reply?.body.problem !== undefined) this.#isOver = true;
      await systemClock.sleep(PAUSE_MS);
    }
  }

  async #ask(...request: Parameters<TestApi['call']>): Promise<Reply | undefined> {
    try {
      const reply = await this.#call(...request);
      const answer = reply.status < 400 ? String(reply.status) : `${reply.status} ${reply.body.code}`;
      this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
      return reply;
    } catch (error) {
      this.failures.push(error);
      return undefined;
    }
  }
}
