import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import { NAMESPACES, type Resource } from '#lib/kube/resource.ts';
import type { OperatorBench, Shown } from '../operator-bench.ts';
import { annotate, PERSON, pausing } from './annotate.ts';
import { type ModelTenant, NO_ROTATIONS, type TenantLook } from './model.ts';
import { numberSpec, tenantSpec } from './specs.ts';
import type { NumberWish, TenantWish, Vandalism } from './steps.ts';
import { tenantChildrenIn, vandalise, vandaliseNamespace } from './vandalise.ts';

/** What people ask of Tenants and PhoneNumbers in a storm; the model keeps what came of it. */
export class TenantWishes {
  readonly #bench: OperatorBench;

  constructor(bench: OperatorBench) {
    this.#bench = bench;
  }

  async take(tenant: ModelTenant, wish: TenantWish | NumberWish): Promise<void> {
    const { admin } = this.#bench;
    const ref = { name: tenant.name };
    if ('number' in wish) return this.#askForNumber(tenant, wish);
    if (wish.do === 'deleteNamespace') return this.#deleteNamespace(tenant);
    if (wish.do === 'rotateSecrets') return this.#rotateSecrets(tenant);
    if (wish.do === 'pauseTenant') return annotate(admin, TENANT, ref, pausing(wish));
    if (wish.do === 'vandalise') return this.#vandaliseTenant(tenant, wish);
    if (wish.do === 'applyTenant') return this.#apply(tenant, wish.look);
    await admin.delete(TENANT, ref, { propagation: wish.propagation });
    tenant.look = undefined;
    tenant.rotations = NO_ROTATIONS;
    for (const number of tenant.numbers) number.wanted = undefined;
  }

  async #apply(tenant: ModelTenant, look: TenantLook): Promise<void> {
    if (await this.#isGoing(TENANT, { name: tenant.name })) return;
    await this.#bench.applyTenant(tenant.name, tenantSpec(tenant, look));
    tenant.look = look;
  }

  async #askForNumber(tenant: ModelTenant, wish: NumberWish): Promise<void> {
    const number = tenant.numbers[wish.number];
    if (number === undefined || tenant.look === undefined) return;
    const { admin } = this.#bench;
    if (wish.do === 'pauseNumber') {
      await annotate(admin, PHONE_NUMBER, number.ref, pausing(wish));
      return;
    }
    if (wish.do === 'deleteNumber') {
      await admin.delete(PHONE_NUMBER, number.ref);
      number.wanted = undefined;
      return;
    }
    if (await this.#isGoing(PHONE_NUMBER, number.ref)) return;
    const object = { metadata: number.ref, spec: numberSpec(number, wish.isRouted) };
    try {
      await admin.apply(PHONE_NUMBER, object, PERSON);
    } catch (error) {
      // The namespace is not there yet, or is going.
      if (error instanceof KubeError && [403, 404].includes(error.status)) return;
      throw error;
    }
    if (number.wanted === undefined) number.lives += 1;
    number.wanted = { isRouted: wish.isRouted };
  }

  /** As platform staff do it in need; what people had put into it is gone with it. */
  async #deleteNamespace(tenant: ModelTenant): Promise<void> {
    const { admin } = this.#bench;
    const ref = { name: tenant.namespace };
    const found = await admin.get(NAMESPACES, ref);
    if (tenant.look === undefined || found === undefined) return;
    await annotate(admin, NAMESPACES, ref, { 'veralux.io/allow-delete': 'true' });
    await admin.delete(NAMESPACES, ref);
    for (const number of tenant.numbers) number.wanted = undefined;
  }

  async #rotateSecrets(tenant: ModelTenant): Promise<void> {
    const ref = { name: tenant.name };
    const found = await this.#bench.admin.get<Shown>(TENANT, ref);
    if (tenant.look === undefined || found === undefined) return;
    const { generation } = (found.status?.['secrets'] ?? {}) as { readonly generation?: number };
    const { asked, least } = tenant.rotations;
    const last = `turn-${asked + 1}`;
    await annotate(this.#bench.admin, TENANT, ref, { 'veralux.io/rotate-secrets': last });
    // Before the first generation was shown, the request may be taken to be for that.
    tenant.rotations = { asked: asked + 1, last, least: Math.max(least, (generation ?? 0) + 1) };
  }

  async #vandaliseTenant(
    { namespace, look }: ModelTenant,
    wish: { readonly pick: number; readonly how: Vandalism },
  ): Promise<void> {
    if (look === undefined) return;
    const { admin } = this.#bench;
    const children = await tenantChildrenIn(admin, namespace);
    if (wish.pick % (children.length + 1) < children.length) await vandalise(admin, children, wish);
    else await vandaliseNamespace(admin, namespace);
  }

  async #isGoing(resource: Resource, ref: ObjectRef): Promise<boolean> {
    const found = await this.#bench.admin.get<KubeObject>(resource, ref);
    return found?.metadata.deletionTimestamp !== undefined;
  }
}
