import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import type { OperatorBench } from '../operator-bench.ts';
import { annotate, PERSON, pausing, RESUMED } from './annotate.ts';
import type { Model, SecretLook } from './model.ts';
import { runtimeSpec, secretData } from './specs.ts';
import type { RuntimeWish, SecretWish, Wish } from './steps.ts';
import { TenantWishes } from './tenant-wishes.ts';
import { runtimeChildren, tenantChildrenIn, vandalise } from './vandalise.ts';

/** What people ask for in a storm, past the proxy; the model keeps what came of it. */
export class Wishes {
  readonly #bench: OperatorBench;
  readonly #model: Model;
  readonly #tenants: TenantWishes;

  constructor(bench: OperatorBench, model: Model) {
    this.#bench = bench;
    this.#model = model;
    this.#tenants = new TenantWishes(bench);
  }

  async take(wish: Wish): Promise<void> {
    if ('tenant' in wish) {
      const tenant = this.#model.tenants[wish.tenant];
      if (tenant !== undefined) await this.#tenants.take(tenant, wish);
    } else if ('secret' in wish) await this.#askForSecret(wish);
    else await this.#askForRuntime(wish);
  }

  /** Takes away every annotation that pauses something. */
  async resumeAll(): Promise<void> {
    const { admin } = this.#bench;
    const { tenants, runtime } = this.#model;
    await annotate(admin, VOICE_RUNTIME, runtime.ref, RESUMED);
    for (const { name, numbers } of tenants) {
      await annotate(admin, TENANT, { name }, RESUMED);
      for (const { ref } of numbers) await annotate(admin, PHONE_NUMBER, ref, RESUMED);
    }
  }

  /** Edits or deletes every child there is. */
  async vandaliseAll(): Promise<void> {
    const { admin } = this.#bench;
    const { tenants, runtime } = this.#model;
    const families = [
      ...tenants
        .filter(({ look }) => look !== undefined)
        .map(({ namespace }) => tenantChildrenIn(admin, namespace)),
      ...(runtime.wanted === undefined ? [] : [runtimeChildren(admin, runtime.ref)]),
    ];
    for (const children of await Promise.all(families)) {
      for (const pick of children.keys()) {
        await vandalise(admin, children, { pick, how: pick % 2 === 0 ? 'edit' : 'delete' });
      }
    }
  }

  /** Asks for everything to be gone. */
  async deleteAll(): Promise<void> {
    const { tenants, secrets } = this.#model;
    for (const tenant of tenants.keys()) {
      await this.take({ do: 'deleteTenant', tenant, propagation: 'Background' });
    }
    for (const secret of secrets.keys()) await this.take({ do: 'deleteSecret', secret });
    await this.take({ do: 'deleteRuntime' });
  }

  async #askForSecret(wish: SecretWish): Promise<void> {
    const secret = this.#model.secrets[wish.secret];
    if (secret === undefined) return;
    const { admin } = this.#bench;
    if (wish.do === 'deleteSecret') {
      await admin.delete(SECRETS, secret.ref);
      secret.wanted = undefined;
      return;
    }
    // A Secret's type may not be changed: it is made anew, as by `kubectl replace --force`.
    if (secret.wanted !== undefined && secret.wanted.type !== wish.look.type) {
      await admin.delete(SECRETS, secret.ref);
    }
    await admin.apply(SECRETS, sharedSecret(secret.ref, wish.look), PERSON);
    secret.wanted = wish.look;
  }

  async #askForRuntime(wish: RuntimeWish): Promise<void> {
    const { runtime } = this.#model;
    const { admin } = this.#bench;
    if (wish.do === 'applyRuntime') {
      await this.#bench.apply(VOICE_RUNTIME, runtime.ref, { spec: runtimeSpec(runtime, wish.look) });
      runtime.wanted = wish.look;
    } else if (wish.do === 'deleteRuntime') {
      await admin.delete(VOICE_RUNTIME, runtime.ref);
      runtime.wanted = undefined;
    } else if (wish.do === 'pauseRuntime') {
      await annotate(admin, VOICE_RUNTIME, runtime.ref, pausing(wish));
    } else if (runtime.wanted !== undefined) {
      await vandalise(admin, await runtimeChildren(admin, runtime.ref), wish);
    }
  }
}

function sharedSecret(ref: { readonly namespace: string; readonly name: string }, look: SecretLook) {
  const labels = look.isShared ? { 'veralux.io/copy-to-tenants': 'true' } : {};
  return { metadata: { ...ref, labels }, type: look.type, data: secretData(look) };
}
