import { LocalError } from '#hack/local/local-error.ts';
import type { OperatorProgram } from '../operator-program.ts';
import type { ProgramBench } from '../program-bench.ts';
import type { OperatorStep } from './steps.ts';

/** The operators of a storm, as processes: one, or an older one beside it that may stand still. */
export class RunningOperators {
  readonly #programs: ProgramBench;
  #newest: OperatorProgram;
  #older: OperatorProgram | undefined;
  /** Of the older one, whether it stands still, and whether it acted when that began. */
  #sleep: { readonly wasActing: boolean } | undefined;

  constructor(programs: ProgramBench, operator: OperatorProgram) {
    this.#programs = programs;
    this.#newest = operator;
  }

  /** The one that goes on when the storm is over. */
  get newest(): OperatorProgram {
    return this.#newest;
  }

  async take({ do: what }: OperatorStep): Promise<void> {
    if (what === 'kill') await this.#kill();
    else if (what === 'replace') await this.#replace();
    else if (what === 'overlap') await this.#overlap();
    else if (what === 'freeze') await this.#freeze();
    else if (what === 'thaw') this.#thaw();
    else {
      const { awake } = this;
      if (awake.isRunning) awake.jumpClock();
    }
  }

  /**
   * Leaves one, which acts or soon will: started again where it ended over a fault, as the kubelet would.
   * One that stood still sleeps until another acts; when it wakes it has to end by itself.
   */
  async calm(): Promise<void> {
    if (!this.#newest.isRunning) await this.#startAfter(this.#newest);
    const older = this.#older;
    if (older === undefined) return;
    if (this.#sleep !== undefined) {
      const { wasActing } = this.#sleep;
      await this.#programs.untilLeaseIsOf((lease) => !older.holds(lease));
      this.#thaw();
      if (wasActing && !(await older.hasExited())) {
        throw new LocalError('operator_goes_on', `It slept beyond its lease and goes on: ${older.logPath}`);
      }
    }
    const hadDied = !older.isRunning;
    await older.end();
    this.#older = undefined;
    if (hadDied) await this.#programs.expireLeaseOf(older);
  }

  /** Another pass over everything: what it wrote to Kubernetes. */
  async anotherPass(): Promise<readonly string[]> {
    const { next, writes } = await this.#programs.writesOfAnotherPass(this.#newest);
    this.#newest = next;
    return writes;
  }

  /** The oldest that does not stand still: the one that acts, where any does. */
  private get awake(): OperatorProgram {
    return this.#older !== undefined && this.#sleep === undefined ? this.#older : this.#newest;
  }

  async #kill(): Promise<void> {
    const victim = this.awake;
    await victim.kill();
    if (victim === this.#newest) return this.#startAfter(victim);
    this.#older = undefined;
    await this.#programs.expireLeaseOf(victim);
  }

  async #startAfter(dead: OperatorProgram): Promise<void> {
    await this.#programs.expireLeaseOf(dead);
    this.#newest = await this.#programs.start();
  }

  /** As a rolling update does. */
  async #replace(): Promise<void> {
    const old = this.awake;
    if (old === this.#newest) this.#newest = await this.#programs.start();
    else this.#older = undefined;
    await old.end();
  }

  /** Two, until something happens to the older one. */
  async #overlap(): Promise<void> {
    if (this.#older !== undefined) return;
    this.#older = this.#newest;
    this.#newest = await this.#programs.start();
  }

  async #freeze(): Promise<void> {
    if (this.#sleep !== undefined) return;
    await this.#overlap();
    const older = this.#older;
    if (older === undefined || !older.isRunning) return;
    older.freeze();
    this.#sleep = { wasActing: older.holds(await this.#programs.lease()) };
  }

  /** Before its lease is over, as it may be within a storm, it goes on. */
  #thaw(): void {
    if (this.#sleep === undefined) return;
    this.#sleep = undefined;
    if (this.#older?.isRunning) this.#older.thaw();
  }
}
