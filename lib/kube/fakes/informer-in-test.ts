import { afterEach, beforeEach, expect, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { Informer, type InformerOptions } from '../informer.ts';
import type { KubeClient } from '../kube-client.ts';
import type { KubeObject } from '../kube-object.ts';
import { CONFIG_MAPS } from '../resource.ts';
import { ScriptedServer } from './scripted-server.ts';

/** An informer of ConfigMaps on a server that the test speaks for, and a clock that it moves: new ones for each test. */
export class InformerInTest {
  server = new ScriptedServer();
  clock = new FakeClock();
  readonly fail = vi.fn();
  readonly info = vi.fn();
  readonly onRelist = vi.fn();
  #client: KubeClient | undefined;
  #informer: Informer<KubeObject> | undefined;

  constructor() {
    beforeEach(async () => {
      this.server = new ScriptedServer();
      this.clock = new FakeClock();
      this.#client = await this.server.start({ clock: this.clock });
      for (const mock of [this.fail, this.info, this.onRelist]) mock.mockClear();
    });
    afterEach(async () => {
      await this.informer.stop();
      await this.client.close();
      this.server.stop();
      expect(this.fail).not.toHaveBeenCalled();
      expect(this.clock.pending).toBe(0);
    });
  }

  get client(): KubeClient {
    if (this.#client === undefined) throw new Error('there is a client only within a test');
    return this.#client;
  }

  get informer(): Informer<KubeObject> {
    if (this.#informer === undefined) throw new Error('the test has not started its informer');
    return this.#informer;
  }

  async start(options: Partial<InformerOptions<KubeObject>> = {}): Promise<Informer<KubeObject>> {
    this.#informer = new Informer({
      client: this.client,
      resource: CONFIG_MAPS,
      log: { ...silentLogger, info: this.info, warn: this.info },
      clock: this.clock,
      random: () => 0.5,
      // Far off: its own tests are in verify-pass.test.ts.
      verifyIntervalMs: 1_000_000_000,
      onRelist: this.onRelist,
      ...options,
    });
    await this.#informer.start(this.fail);
    return this.#informer;
  }

  until(condition: () => unknown): Promise<void> {
    return vi.waitFor(() => expect(condition()).toBeTruthy());
  }

  /** Lets the next back-off that the informer waits in be over. */
  async passBackOff(ms = 1_000): Promise<void> {
    await this.until(() => this.info.mock.calls.length > 0);
    this.info.mockClear();
    await this.clock.advance(ms);
  }

  names(): readonly string[] {
    return this.informer.list().map((one) => one.metadata.name);
  }
}
