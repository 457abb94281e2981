import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import { NAMESPACES, type Resource } from '#lib/kube/resource.ts';
import { WRITE_METHODS } from '../fault-rules.ts';
import { WAIT } from '../operator-bench.ts';
import type { OperatorProgram } from '../operator-program.ts';
import type { ProgramBench } from '../program-bench.ts';
import type { TestReplica } from '../redis.ts';
import { flushAll } from '../redis-topology.ts';
import { emptyModel, type ModelTenant, numberSpec, tenantSpec } from './model.ts';
import type { Step } from './steps.ts';
import { childrenOf, vandalise } from './vandalise.ts';

const PERSON = { fieldManager: 'person', force: true };

/** Lets steps happen to an operator, and keeps the model of what they asked for. */
export class Storm {
  readonly model: readonly ModelTenant[];
  readonly #programs: ProgramBench;
  #operator: OperatorProgram;
  #replica: TestReplica | undefined;

  constructor(programs: ProgramBench, operator: OperatorProgram, storm: number) {
    this.#programs = programs;
    this.#operator = operator;
    this.model = emptyModel(storm);
  }

  /** The operator that runs now. */
  get operator(): OperatorProgram {
    return this.#operator;
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'applyTenant':
      case 'deleteTenant':
      case 'applyNumber':
      case 'deleteNumber':
      case 'deleteNamespace':
      case 'vandalise':
        await this.#ask(step);
        return;
      case 'wait':
        await sleep(step.ms);
        return;
      case 'kill':
      case 'replace':
      case 'overlap':
      case 'jumpClock':
        await this.#changeOperators(step.do);
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
    }
  }

  /** Ends all faults; an operator that ended over them is started again, as the kubelet would. */
  async calm(): Promise<void> {
    const { proxy, bench } = this.#programs;
    proxy.rules.clear();
    bench.telnyx.control.faults.clear();
    await this.#harmRedis('failOverRedis');
    // Half-open watches would be noticed too, after two missed bookmarks: two and a half minutes.
    proxy.cutConnections();
    if (!this.#operator.isRunning) {
      await this.#programs.expireLease(await this.#programs.lease());
      this.#operator = await this.#programs.start();
    }
  }

  /** Another pass over everything: what it wrote to Kubernetes. */
  async anotherPass(): Promise<readonly string[]> {
    const { next, writes } = await this.#programs.writesOfAnotherPass(this.#operator);
    this.#operator = next;
    return writes;
  }

  /** Edits or deletes every child there is. */
  async vandaliseAll(): Promise<void> {
    const { admin } = this.#programs.bench;
    for (const { namespace, look } of this.model) {
      const children = look === undefined ? [] : await childrenOf(admin, namespace);
      for (const pick of children.keys()) {
        await vandalise(admin, namespace, { pick, how: pick % 2 === 0 ? 'edit' : 'delete' });
      }
    }
  }

  /** Asks for everything to be gone. */
  async deleteAll(): Promise<void> {
    for (const tenant of this.model.keys()) {
      await this.take({ do: 'deleteTenant', tenant, propagation: 'Background' });
    }
  }

  async #ask(step: Step & { readonly tenant: number }): Promise<void> {
    const tenant = this.model[step.tenant];
    if (tenant === undefined) return;
    const { admin } = this.#programs.bench;
    if (step.do === 'applyTenant') {
      if (await this.#isGoing(TENANT, { name: tenant.name })) return;
      await this.#programs.bench.applyTenant(tenant.name, tenantSpec(tenant, step.look));
      tenant.look = step.look;
    } else if (step.do === 'deleteTenant') {
      await admin.delete(TENANT, { name: tenant.name }, { propagation: step.propagation });
      forget(tenant);
    } else if (step.do === 'deleteNamespace') {
      await this.#deleteNamespace(tenant);
    } else if (step.do === 'vandalise') {
      if (tenant.look !== undefined) await vandalise(admin, tenant.namespace, step);
    } else if (step.do === 'applyNumber' || step.do === 'deleteNumber') {
      await this.#askForNumber(tenant, step);
    }
  }

  async #askForNumber(
    tenant: ModelTenant,
    step: Step & { readonly do: 'applyNumber' | 'deleteNumber' },
  ): Promise<void> {
    const number = tenant.numbers[step.number];
    if (number === undefined || tenant.look === undefined) return;
    const { admin } = this.#programs.bench;
    if (step.do === 'deleteNumber') {
      await admin.delete(PHONE_NUMBER, number.ref);
      number.wanted = undefined;
      return;
    }
    if (await this.#isGoing(PHONE_NUMBER, number.ref)) return;
    const object = { metadata: number.ref, spec: numberSpec(number, step.isRouted) };
    try {
      await admin.apply(PHONE_NUMBER, object, PERSON);
    } catch (error) {
      // The namespace is not there yet, or is going.
      if (error instanceof KubeError && [403, 404].includes(error.status)) return;
      throw error;
    }
    if (number.wanted === undefined) number.lives += 1;
    number.wanted = { isRouted: step.isRouted };
  }

  /** As platform staff do it in need; what people had put into it is gone with it. */
  async #deleteNamespace(tenant: ModelTenant): Promise<void> {
    const { admin } = this.#programs.bench;
    const ref = { name: tenant.namespace };
    const found = await admin.get(NAMESPACES, ref);
    if (tenant.look === undefined || found === undefined) return;
    const annotations = { 'veralux.io/allow-delete': 'true' };
    await admin.mergePatch(NAMESPACES, ref, { metadata: { annotations } }, { fieldManager: 'person' });
    await admin.delete(NAMESPACES, ref);
    for (const number of tenant.numbers) number.wanted = undefined;
  }

  async #isGoing(resource: Resource, ref: ObjectRef): Promise<boolean> {
    const found = await this.#programs.bench.admin.get<KubeObject>(resource, ref);
    return found?.metadata.deletionTimestamp !== undefined;
  }

  async #changeOperators(how: 'kill' | 'replace' | 'overlap' | 'jumpClock'): Promise<void> {
    const old = this.#operator;
    const lease = await this.#programs.lease();
    if (how === 'kill') {
      await old.kill();
      await this.#programs.expireLease(lease);
      this.#operator = await this.#programs.start();
    } else if (how === 'jumpClock') {
      if (old.isRunning) old.jumpClock();
    } else {
      this.#operator = await this.#programs.start();
      if (how === 'replace') await old.end();
      else await old.kill();
      if (how === 'overlap') await this.#programs.expireLease(lease);
    }
  }

  async #harmRedis(how: 'flushRedis' | 'emptyRedis' | 'splitRedis' | 'failOverRedis'): Promise<void> {
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
    await vi.waitFor(() => bench.reportPod(), WAIT);
  }

  async #harmConnections(
    step: Step & {
      readonly do:
        | 'fault'
        | 'cutConnections'
        | 'silenceWatches'
        | 'restartAPIServer'
        | 'compact'
        | 'carrierFault';
    },
  ): Promise<void> {
    const { proxy, bench } = this.#programs;
    if (step.do === 'cutConnections') proxy.cutConnections();
    else if (step.do === 'silenceWatches') proxy.silenceWatches();
    else if (step.do === 'restartAPIServer') await bench.cluster.restartAPIServer();
    else if (step.do === 'compact') await bench.cluster.compact();
    else if (step.do === 'carrierFault') {
      bench.telnyx.control.faults.add({ at: step.at, fault: { kind: step.kind } });
    } else if (step.do === 'fault') {
      const { fault, after, times } = step;
      const methods = step.on === 'writes' ? WRITE_METHODS : ['GET'];
      proxy.rules.add({ methods, path: /^(?!.*\/leases)/, fault, after, times });
    }
  }
}

function forget(tenant: ModelTenant): void {
  tenant.look = undefined;
  for (const number of tenant.numbers) number.wanted = undefined;
}
