import { TENANT } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { EVENTS, SECRETS } from '#lib/kube/resource.ts';
import { type OperatorBench, SYSTEM } from './operator-bench.ts';

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

type Recorded = KubeObject & {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly name: string };
};

/** What tests of tenants do again and again on an operator's bench. */
export class TenantBench {
  readonly #bench: OperatorBench;

  constructor(bench: OperatorBench) {
    this.#bench = bench;
  }

  /** Makes a Tenant; resolves to the name of its namespace once that holds everything. */
  async make(name: string, spec: object = {}): Promise<string> {
    await this.#bench.applyTenant(name, spec);
    await this.#bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady');
    return `tenant-${name}`;
  }

  /** The Events on objects of this name, each as its reason and its message. */
  async eventsOn(name: string): Promise<string[]> {
    const { items } = await this.#bench.admin.list<Recorded>(EVENTS);
    return items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ reason, message }) => `${reason} ${message}`);
  }

  async dataOf(namespace: string, secret: string): Promise<Readonly<Record<string, string>> | undefined> {
    return (await this.#bench.admin.get<Secret>(SECRETS, { namespace, name: secret }))?.data;
  }

  /** Makes or changes a Secret that every tenant is to have, with `token` in it. */
  async share(name: string, token: string, more: object = {}): Promise<void> {
    await this.#bench.admin.apply(
      SECRETS,
      {
        metadata: { namespace: SYSTEM, name, labels: { 'veralux.io/copy-to-tenants': 'true' } },
        stringData: { token },
        ...more,
      },
      { fieldManager: 'test', force: true },
    );
  }
}
