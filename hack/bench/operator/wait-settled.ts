import { TENANT } from '#crds/tenant/tenant.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { OperatorProcess } from './operator-process.ts';
import type { Site } from './site.ts';

/**
 * How often the operator is asked, which is the resolution of what is measured with this. Its page of
 * metrics takes it some ms, so that more would slow down what is measured.
 */
const POLL_MS = 500;
const PAGE_SIZE = 500;

export interface TenantShown extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/**
 * Waits until the operator has worked off its queues and every one of `tenants` Tenants is Ready, as
 * the API server shows them. Resolves to the monotonic time at which the queues were found empty. The
 * Tenants are only read once they are: reading ten thousand again and again would slow down what is measured.
 */
export async function waitSettled(
  site: Site,
  operator: OperatorProcess,
  options: { readonly tenants: number; readonly timeoutMs: number },
): Promise<number> {
  const deadlineMs = performance.now() + options.timeoutMs;
  for (;;) {
    const emptyAtMs = await waitEmpty(operator, options.tenants, deadlineMs);
    const ready = await countReady(site);
    if (ready >= options.tenants) return emptyAtMs;
    if (performance.now() > deadlineMs) {
      throw new LocalError('tenants_not_ready', `${ready} of ${options.tenants} Tenants became Ready.`);
    }
    await systemClock.sleep(1_000);
  }
}

async function waitEmpty(operator: OperatorProcess, tenants: number, deadlineMs: number): Promise<number> {
  for (;;) {
    const askedAtMs = performance.now();
    const metrics = await operator.metrics();
    const waiting = metrics.sum('workqueue_depth') + metrics.sum('controller_runtime_active_workers');
    const done = metrics.sum(
      'controller_runtime_reconcile_total',
      ({ controller, result }) => controller === 'tenant' && result === 'success',
    );
    if (waiting === 0 && done >= tenants) return askedAtMs;
    if (performance.now() > deadlineMs) {
      throw new LocalError(
        'operator_not_done',
        `${done} reconciles were done and ${waiting} keys wait; Tenants: ${tenants}.`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
}

async function countReady(site: Site): Promise<number> {
  let ready = 0;
  let continueFrom: string | undefined;
  do {
    const page = await site.admin.listPage<TenantShown>(TENANT, { limit: PAGE_SIZE, continueFrom });
    ready += page.items.filter(isReady).length;
    continueFrom = page.metadata.continue || undefined;
  } while (continueFrom !== undefined);
  return ready;
}

export function isReady(tenant: TenantShown): boolean {
  return (
    tenant.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  );
}
