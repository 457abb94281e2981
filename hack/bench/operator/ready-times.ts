import { TENANT } from '#crds/tenant/tenant.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { isReady, type TenantShown } from './wait-settled.ts';
import { watchObjects } from './watch-objects.ts';

/** When each Tenant that was not there before was first seen to be Ready, by the monotonic clock. */
export class ReadyTimes {
  readonly #times = new Map<string, number>();
  readonly #end: () => Promise<void>;

  private constructor(end: () => Promise<void>, times: Map<string, number>) {
    this.#end = end;
    this.#times = times;
  }

  static async open(client: KubeClient): Promise<ReadyTimes> {
    const times = new Map<string, number>();
    const onObject = (tenant: TenantShown, atMs: number) => {
      const { name } = tenant.metadata;
      if (!times.has(name) && isReady(tenant)) times.set(name, atMs);
    };
    return new ReadyTimes(await watchObjects({ client, resource: TENANT, onObject }), times);
  }

  of(name: string): number | undefined {
    return this.#times.get(name);
  }

  async close(): Promise<void> {
    await this.#end();
  }
}
