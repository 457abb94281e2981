import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
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
  readonly #started: Service[] = [];
  #beginning: Loop | undefined;
  #failures = 0;
  #operator: Operator | undefined;
  #waitsFor = 'the installation is being read';

  constructor(options: OperatorServiceOptions) {
    this.#options = options;
  }

  /** Returns at once: `notReady` says what it waits for. */
  async start(fail: (error: unknown) => void): Promise<void> {
    const { clock } = this.#options;
    this.#beginning = new Loop({ clock, step: (signal) => this.#begin(signal, fail) });
    this.#beginning.start(fail);
  }

  notReady(): readonly string[] {
    return this.#operator?.notReady() ?? [this.#waitsFor];
  }

  async drain(): Promise<void> {
    await this.#beginning?.stop();
    await Promise.all(this.#started.map(async (service) => service.drain?.()));
  }

  async stop(): Promise<void> {
    await this.#beginning?.stop();
    for (const service of this.#started.toReversed()) await service.stop();
  }

  /** Starts the operator, or says when to try again. */
  async #begin(signal: AbortSignal, fail: (error: unknown) => void): Promise<number | undefined> {
    const installation = await this.#read();
    if (typeof installation === 'number') return installation;
    const operator = this.#options.create(installation);
    this.#operator = operator;
    for (const service of operator.services) {
      if (signal.aborted) return undefined;
      this.#started.push(service);
      await service.start(fail);
    }
    return undefined;
  }

  /** The installation, or the milliseconds until the next attempt. */
  async #read(): Promise<Installation | number> {
    const { client, namespace, log } = this.#options;
    try {
      return {
        installationID: await ensureInstallationID(client, namespace),
        masterKey: await ensureMasterKey(client, namespace),
      };
    } catch (error) {
      if (!(error instanceof KubeError && error.retryable)) throw error;
      const delayMs = backoffMs(this.#failures, RETRY);
      this.#failures += 1;
      this.#waitsFor = `the installation cannot be read: ${messageOf(error)}`;
      log.warn({ error: messageOf(error), delayMs }, 'the installation cannot be read and is tried again');
      return delayMs;
    }
  }
}
