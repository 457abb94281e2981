import { fileURLToPath } from 'node:url';
import { Samples } from '#hack/bench/prometheus-text.ts';
import { LocalError } from '#hack/local/local-error.ts';
import type { Processes, RunningProcess } from '#hack/local/processes.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import { NODE_FLAGS } from '#operator/voice-runtime/pod-template.ts';
import { FaultyLink } from '../faulty-link.ts';

const CLOCK = fileURLToPath(new URL('../shifted-clock.ts', import.meta.url));
const LOOK_MS = 100;
/** How busy a pod is, it says for seconds. */
const LOAD_EVERY = 10;
const METRICS_TIMEOUT_MS = 2_000;
const READY_TIMEOUT_MS = 120_000;
/** What a pod is given between two starts after it ended by itself. */
const BACK_OFF_MS = 500;

export interface SeatOptions {
  readonly processes: Processes;
  /** The repository whose runtime the pods are of. */
  readonly checkout: string;
  /** The pod's port, which it keeps over restarts. */
  readonly port: number;
  readonly redisPort: number;
  /** What all pods have in common. */
  readonly env: Readonly<Record<string, string>>;
  /** By how much its clock is off after a jump. */
  readonly clockOffsetMs: number;
  readonly index: number;
}

/** A pod's address, with at most one pod there, which is started again when it ends, as the kubelet would. */
export class Seat {
  readonly link: FaultyLink;
  readonly #options: SeatOptions;
  readonly #loop: Loop;
  #process: RunningProcess | undefined;
  /** Undefined: there is to be no pod here. */
  #pod: string | undefined;
  #generation = 0;
  #startNotBeforeMs = 0;
  #ready = false;
  /** Whether it was ready since its start. */
  #serves = false;
  #frozen = false;
  #busy = false;
  #looks = 0;
  #leaving = false;
  /** Pods that ended though they served and nobody had asked them to. */
  readonly ends: string[] = [];

  private constructor(options: SeatOptions, link: FaultyLink) {
    this.#options = options;
    this.link = link;
    this.#loop = new Loop({ clock: systemClock, step: () => this.#look() });
  }

  static async open(options: SeatOptions): Promise<Seat> {
    const seat = new Seat(options, await FaultyLink.start(options.redisPort));
    seat.#loop.start((error) => {
      if (error instanceof LocalError && error.code === 'ending') return;
      throw error;
    });
    return seat;
  }

  /** The name of the pod that is to be here. */
  get pod(): string | undefined {
    return this.#pod;
  }

  /** Whether a new pod can come here. */
  get isFree(): boolean {
    return this.#pod === undefined && !this.#leaving;
  }

  get pid(): number | undefined {
    return this.#process?.isRunning() === true ? this.#process.pid : undefined;
  }

  /** Whether a pod is here that has started up and is not stopped, whatever becomes of its connections. */
  get serves(): boolean {
    return this.#serves && !this.#frozen;
  }

  /** A new pod comes here, under a name of its own. */
  occupy(): void {
    this.#generation += 1;
    this.#pod = `storm-${this.#options.index}-${this.#generation}`;
  }

  async untilReady(): Promise<void> {
    if (await waitUntil(() => this.#ready, READY_TIMEOUT_MS)) return;
    throw new Error(`pod ${this.#pod} was not ready in time; its log: ${this.#process?.logPath}`);
  }

  /** SIGKILL; it is started again under the same name no sooner than after `backAfterMs`. */
  async kill(backAfterMs: number): Promise<void> {
    this.#startNotBeforeMs = systemClock.monotonic() + backAfterMs;
    await this.#giveUp()?.kill();
  }

  /** SIGTERM; the pod drains, ends and is not started again. */
  async leave(): Promise<void> {
    this.#pod = undefined;
    this.#leaving = true;
    await this.#giveUp()?.end();
    this.#leaving = false;
  }

  freeze(): void {
    this.#frozen = this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#frozen = false;
    this.#signal('SIGCONT');
  }

  /** Its clock jumps by its offset, or back. */
  jumpClock(): void {
    if (this.#serves) this.#signal('SIGUSR2');
  }

  /** Undefined while the pod does not answer. */
  async metrics(): Promise<Samples | undefined> {
    try {
      const reply = await fetch(`http://127.0.0.1:${this.#options.port}/metrics`, {
        signal: AbortSignal.timeout(METRICS_TIMEOUT_MS),
      });
      return new Samples(await reply.text());
    } catch {
      // It is not there, or not yet.
      return undefined;
    }
  }

  /** Whether the pod said lately that it is too busy for new calls. */
  get busy(): boolean {
    return this.#busy;
  }

  async close(): Promise<void> {
    await this.#loop.stop();
    this.thaw();
    await this.kill(0);
    await this.link.stop();
  }

  #signal(signal: NodeJS.Signals): boolean {
    const { pid } = this;
    if (pid === undefined) return false;
    process.kill(pid, signal);
    return true;
  }

  async #look(): Promise<number> {
    if (this.#process && !this.#process.isRunning()) {
      // One that finds no Redis at its start ends, and is started again.
      if (this.#serves) this.ends.push(this.#process.name);
      this.#giveUp();
      this.#startNotBeforeMs = systemClock.monotonic() + BACK_OFF_MS;
    }
    if (!this.#process && this.#pod !== undefined && systemClock.monotonic() >= this.#startNotBeforeMs) {
      this.#process = await this.#start(this.#pod);
    }
    if (this.#process && !this.#frozen) await this.#askReady(this.#process);
    this.#looks += 1;
    if (this.#serves && !this.#frozen && this.#looks % LOAD_EVERY === 0) await this.#askLoad();
    return LOOK_MS;
  }

  async #askLoad(): Promise<void> {
    this.#busy = ((await this.metrics())?.sum('veralux_load_level') ?? 0) > 0;
  }

  async #askReady(asked: RunningProcess): Promise<void> {
    const ready = await answersWell(`http://127.0.0.1:${this.#options.port}/readyz`);
    if (this.#process !== asked) return;
    this.#ready = ready;
    this.#serves ||= ready;
  }

  /** The process that was here; what comes next is another. */
  #giveUp(): RunningProcess | undefined {
    const gone = this.#process;
    this.#process = undefined;
    this.#ready = false;
    this.#serves = false;
    this.#busy = false;
    return gone;
  }

  #start(pod: string): Promise<RunningProcess> {
    const { processes, checkout, port, env, clockOffsetMs } = this.#options;
    return processes.start({
      name: pod,
      command: process.execPath,
      args: [...NODE_FLAGS, 'runtime/main.ts'],
      cwd: checkout,
      env: {
        ...env,
        HOST: '127.0.0.1',
        PORT: String(port),
        POD_NAME: pod,
        POD_IP: '127.0.0.1',
        MEDIA_URL: `ws://127.0.0.1:${port}`,
        REDIS_URL: `redis://127.0.0.1:${this.link.port}`,
        NODE_NO_WARNINGS: '1',
        NODE_OPTIONS: `--import=${CLOCK}`,
        CLOCK_OFFSET_MS: String(clockOffsetMs),
      },
    });
  }
}

async function answersWell(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // It does not listen, or not yet.
    return false;
  }
}
