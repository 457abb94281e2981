import { KubeConfig } from '@kubernetes/client-node';
import type { PhoneNumberStatus } from '#crds/phone-number/phone-number.ts';
import { retainedName } from '#crds/tenant/kept-data.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { FIELD_MANAGER, LABELS, tenantNamespace } from '#operator/installation/names.ts';
import { tenantIDOf } from '../tenant-id.ts';
import { World } from '../world.ts';

const INSTALLATION = '3f0d1f0e-52a1-4cc1-9d6c-0f6f5f1f7a10';
const SYSTEM = 'veralux-system';
const API_VERSION = 'veralux.io/v1alpha1';

type Metadata = Partial<KubeObject['metadata']>;

/** A World without an API server: a test says what its caches hold, and each change is newer than the one before. */
export class OfflineWorld {
  readonly world: World;
  #version = 0;

  constructor() {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'none', server: 'http://127.0.0.1:1', skipTLSVerify: true },
      { name: 'nobody' },
    );
    this.world = new World({
      client: new KubeClient({ config, userAgent: 'test' }),
      namespace: SYSTEM,
      installationID: INSTALLATION,
      log: silentLogger,
    });
  }

  /** Resolves to its id. */
  tenant(name: string, spec: object = {}, metadata: Metadata = {}): string {
    const whole: Readonly<Record<string, unknown>> = {
      displayName: name,
      contact: { name: 'Jane Smith', email: 'jane@example.com' },
      timeZone: 'America/Chicago',
      plan: 'Professional',
      runtimeRef: { namespace: SYSTEM, name: 'shared' },
      workflows: ['lead', 'support'].map((one) => ({ name: one, fields: [] })),
      ...spec,
    };
    const object = { ...this.#object('Tenant', { name, uid: `uid-${name}`, ...metadata }), spec: whole };
    this.world.tenants.observe(object);
    return tenantIDOf(INSTALLATION, object);
  }

  /** The namespace of a Tenant, labelled as made for this id. */
  home(tenant: string, id: string): void {
    const labels = {
      [LABELS.managedBy]: FIELD_MANAGER,
      [LABELS.tenant]: tenant,
      [LABELS.tenantID]: id,
    };
    const name = tenantNamespace(tenant);
    this.world.namespaces.observe(this.#object('Namespace', { name, uid: `uid-${name}`, labels }, 'v1'));
  }

  /** The record of rows that a deleted Tenant left under the id. */
  keptRows(tenantID: string): void {
    const about = { name: retainedName(tenantID), namespace: SYSTEM };
    const record = { ...this.#object('ConfigMap', about, 'v1'), data: { tenantID } };
    this.world.informers.find(({ name }) => name === 'informer of configmaps')?.observe(record);
  }

  /** A Secret that is to be copied to tenants. */
  sharedSecret(name: string, data: Readonly<Record<string, string>>, metadata: Metadata = {}): void {
    const labels = { [LABELS.copyToTenants]: 'true' };
    const about = { name, namespace: SYSTEM, labels, ...metadata };
    const secret = { ...this.#object('Secret', about, 'v1'), type: 'Opaque', data };
    this.world.sharedSecrets.sources.observe(secret);
  }

  /** A Secret that people made. */
  secret(namespace: string, name: string): void {
    this.world.named.secrets.observe(this.#object('Secret', { namespace, name }, 'v1'));
  }

  /** A VoiceRuntime in the platform's namespace. */
  runtime(name: string, spec: Readonly<Record<string, unknown>>): void {
    const about = { name, namespace: SYSTEM, uid: `uid-${name}` };
    this.world.runtimes.observe({ ...this.#object('VoiceRuntime', about), spec } as KubeObject);
  }

  /** A PhoneNumber `main` in a Tenant's namespace that owns the number. */
  phoneNumber(tenant: string, number: string, workflow: string, metadata: Metadata = {}): void {
    const namespace = tenantNamespace(tenant);
    const about = { name: 'main', namespace, uid: `uid-${namespace}-main`, ...metadata };
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const owned = { type: 'Purchased', status: 'True', reason: 'Owned', message: '', lastTransitionTime };
    const status: PhoneNumberStatus = { number, conditions: [{ ...owned, status: 'True' }] };
    const spec = { number, routing: { workflow } };
    this.world.phoneNumbers.observe({ ...this.#object('PhoneNumber', about), spec, status } as KubeObject);
  }

  #object(
    kind: string,
    metadata: Metadata & { readonly name: string },
    apiVersion = API_VERSION,
  ): KubeObject {
    this.#version += 1;
    const creationTimestamp = '2026-01-01T00:00:00Z';
    const versions = { resourceVersion: String(this.#version), generation: this.#version };
    return { apiVersion, kind, metadata: { creationTimestamp, ...versions, ...metadata } };
  }
}
