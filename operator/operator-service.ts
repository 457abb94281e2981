import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Operator } from './create-operator.ts';
import { ensureInstallationID } from './installation/installation-id.ts';
import { ensureMasterKey } from './installation/master-key.ts';

/** What the operator has to know of its installation before anything else. */
export interface Installation {
  readonly installationID: string;
  readonly masterKey: Uint8Array;
}

export interface OperatorServiceOptions {
  readonly client: KubeClient;
  /** The operator's own. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly create: (installation: Installation) => Operator;
}

const RETRY = { initialMs: 500, maxMs: 15_000 };

/**
 * Reads the installation's id and key, for as long as the API server does not answer, and then runs the
 * operator made with them. What is broken there, or forbidden, ends the program.
 */
export class OperatorService implements Service {
  readonly name = 'operator';
  readonly #options: OperatorServiceOptions;
  readonly #ending = new AbortController();
  readonly #started: Service[] = [];
  #begin: Promise<void> | undefined;
  #operator: Operator | undefined;
  #waitsFor = 'the installation is being read';

  constructor(options: OperatorServiceOptions) {
    this.#options = options;
  }

  /** Returns at once: `notReady` says what it waits for. */
  async start(fail: (error: unknown) => void): Promise<void> {
    this.#begin = this.#run(fail).catch(fail);
  }

  notReady(): readonly string[] {
    return this.#operator?.notReady() ?? [this.#waitsFor];
  }

  async drain(): Promise<void> {
    this.#ending.abort();
    await this.#begin;
    await Promise.all(this.#started.map(async (service) => service.drain?.()));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#begin;
    for (const service of this.#started.toReversed()) await service.stop();
  }

  async #run(fail: (error: unknown) => void): Promise<void> {
    const installation = await this.#read();
    if (installation === undefined) return;
    const operator = this.#options.create(installation);
    this.#operator = operator;
    for (const service of operator.services) {
      if (this.#ending.signal.aborted) return;
      this.#started.push(service);
      await service.start(fail);
    }
  }

  async #read(): Promise<Installation | undefined> {
    const { client, namespace, clock, log } = this.#options;
    const { signal } = this.#ending;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return {
          installationID: await ensureInstallationID(client, namespace),
          masterKey: await ensureMasterKey(client, namespace),
        };
      } catch (error) {
        if (!(error instanceof KubeError && error.retryable)) throw error;
        const delayMs = backoffMs(attempt, RETRY);
        this.#waitsFor = `the installation cannot be read: ${messageOf(error)}`;
        log.warn({ error: messageOf(error), delayMs }, 'the installation cannot be read and is tried again');
        await clock.sleep(delayMs, signal).catch(() => undefined);
      }
    }
    return undefined;
  }
}
