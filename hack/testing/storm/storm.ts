import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import { WRITE_METHODS } from '../fault-rules.ts';
import type { OperatorProgram } from '../operator-program.ts';
import type { ProgramBench } from '../program-bench.ts';
import type { TestReplica } from '../redis.ts';
import { flushAll } from '../redis-topology.ts';
import { emptyModel, type Model } from './model.ts';
import { RunningOperators } from './running-operators.ts';
import type { ConnectionStep, RedisStep, Step } from './steps.ts';
import { Wishes } from './wishes.ts';

/** A bound for a machine that has much else to do. */
const RETURN = { timeout: 60_000, interval: 100 };

/** Lets steps happen to an operator, and keeps the model of what they asked for. */
export class Storm {
  readonly model: Model;
  readonly operators: RunningOperators;
  readonly wishes: Wishes;
  readonly #programs: ProgramBench;
  #replica: TestReplica | undefined;

  constructor(programs: ProgramBench, operator: OperatorProgram, storm: number) {
    this.#programs = programs;
    this.model = emptyModel(storm);
    this.operators = new RunningOperators(programs, operator);
    this.wishes = new Wishes(programs.bench, this.model);
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'wait':
        await sleep(step.ms);
        return;
      case 'kill':
      case 'replace':
      case 'overlap':
      case 'freeze':
      case 'thaw':
      case 'jumpClock':
        await this.operators.take(step);
        return;
      case 'flushRedis':
      case 'emptyRedis':
      case 'splitRedis':
      case 'failOverRedis':
        await this.#harmRedis(step.do);
        return;
      case 'fault':
      case 'cutConnections':
      case 'silenceWatches':
      case 'restartAPIServer':
      case 'compact':
      case 'carrierFault':
        await this.#harmConnections(step);
        return;
      case 'applyNumber':
      case 'applyRuntime':
      case 'applySecret':
      case 'applyTenant':
      case 'deleteNamespace':
      case 'deleteNumber':
      case 'deleteRuntime':
      case 'deleteSecret':
      case 'deleteTenant':
      case 'pauseNumber':
      case 'pauseRuntime':
      case 'pauseTenant':
      case 'rotateSecrets':
      case 'vandalise':
      case 'vandaliseRuntime':
        await this.wishes.take(step);
    }
  }

  /** Ends all faults and pauses; one operator goes on. */
  async calm(): Promise<void> {
    const { proxy, bench } = this.#programs;
    proxy.rules.clear();
    bench.telnyx.control.faults.clear();
    await this.#harmRedis('failOverRedis');
    // Half-open watches would be noticed too, after two missed bookmarks: two and a half minutes.
    proxy.cutConnections();
    await this.wishes.resumeAll();
    await this.operators.calm();
  }

  async #harmRedis(how: RedisStep['do']): Promise<void> {
    const { bench } = this.#programs;
    if (how === 'splitRedis') {
      if (this.#replica !== undefined) return;
      this.#replica = await bench.testRedis.replicate();
      await this.#replica.cutOff();
      return;
    }
    if (how === 'flushRedis') await flushAll(bench.redis);
    else if (how === 'emptyRedis') await bench.testRedis.restartEmpty();
    else {
      await this.#replica?.failOver();
      this.#replica = undefined;
    }
    // The connection comes back by itself, a moment after the server.
    await vi.waitFor(() => bench.reportPod(), RETURN);
  }

  async #harmConnections(step: ConnectionStep): Promise<void> {
    const { proxy, bench } = this.#programs;
    if (step.do === 'fault') {
      const { fault, on, after, times } = step;
      const methods = on === 'writes' ? WRITE_METHODS : ['GET'];
      proxy.rules.add({ methods, path: /^(?!.*\/leases)/, fault, after, times });
    } else if (step.do === 'carrierFault') {
      bench.telnyx.control.faults.add({ at: step.at, fault: { kind: step.kind } });
    } else if (step.do === 'cutConnections') proxy.cutConnections();
    else if (step.do === 'silenceWatches') proxy.silenceWatches();
    else if (step.do === 'restartAPIServer') await bench.cluster.restartAPIServer();
    else await bench.cluster.compact();
  }
}
