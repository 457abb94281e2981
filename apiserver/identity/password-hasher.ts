import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { isWholeToBcrypt } from './password.ts';

/** 2^12 rounds take about 220 ms of a core. */
const COST = 12;

/**
 * Each takes a core for as long as it runs, and one is left to everything else; two at most, since bcrypt runs on
 * libuv's four threads, which files and DNS need, too.
 */
const CONCURRENCY = Math.min(2, Math.max(1, availableParallelism() - 1));

export interface PasswordHasherOptions {
  /** How many run at once; absent: `CONCURRENCY`. */
  readonly concurrency?: number;
  /** How many wait for their turn; a further one is refused. */
  readonly maxWaiting?: number;
  readonly bcrypt?: Pick<typeof bcrypt, 'hash' | 'compare'>;
}

/** More passwords are being hashed than this server will queue. */
export class HasherBusy extends OperatingError {
  constructor() {
    super('hasher_busy', 'Too many passwords are being hashed at once.', { retryable: true });
  }
}

/** bcrypt with a bound on how many run and how many wait. Both methods throw HasherBusy. */
export class PasswordHasher {
  readonly #concurrency: number;
  readonly #maxWaiting: number;
  readonly #bcrypt: Pick<typeof bcrypt, 'hash' | 'compare'>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #nobody: Promise<string> | undefined;

  constructor(options: PasswordHasherOptions = {}) {
    this.#concurrency = options.concurrency ?? CONCURRENCY;
    this.#maxWaiting = options.maxWaiting ?? 50;
    this.#bcrypt = options.bcrypt ?? bcrypt;
  }

  hash(password: string): Promise<string> {
    return this.#bounded(() => this.#bcrypt.hash(password, COST));
  }

  /** Whether the password is the hash's. Without a hash (no such person) it takes as long and is false. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    // One that bcrypt would cut is compared with nobody's hash: it takes as long and is wrong.
    const theirs = isWholeToBcrypt(password) ? hash : undefined;
    const isRight = await this.#bounded(async () =>
      this.#bcrypt.compare(password, theirs ?? (await this.#hashOfNobody())),
    );
    return isRight && theirs !== undefined;
  }

  /** Hashes nobody's password ahead, so that the first unknown address takes as long as the next. */
  async warmUp(): Promise<void> {
    await this.#hashOfNobody();
  }

  #hashOfNobody(): Promise<string> {
    this.#nobody ??= this.#bcrypt.hash(randomBytes(24).toString('base64'), COST);
    return this.#nobody;
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= this.#maxWaiting) throw new HasherBusy();
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn.resolve);
      await turn.promise;
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes straight to who waited longest; `running` falls only when nobody does.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
