import type { CustomResource } from '#crds/schema/custom-resource.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { testCluster } from './cluster.ts';

/** An object as the API server would store it, or the words with which it refuses. */
export type Verdict =
  | { readonly accepted: true; readonly object: Record<string, unknown> }
  | { readonly accepted: false; readonly message: string };

/**
 * Asks the test cluster what it would do with a manifest, as `kubectl apply` does: with strict field
 * validation. Nothing is stored.
 */
export class Admission {
  readonly client: KubeClient;

  constructor() {
    const { kubeconfigPath } = testCluster();
    this.client = new KubeClient({ config: loadKubeConfig(kubeconfigPath), userAgent: 'veralux-test' });
  }

  /** A POST of this spec under this name; namespaced kinds go into the namespace `default`. */
  async ofSpec(resource: CustomResource, spec: unknown, name = 'dry-run'): Promise<Verdict> {
    const namespace = resource.namespaced ? { namespace: 'default' } : {};
    const { group, version, kind } = resource;
    return this.ofManifest(resource, {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { name, ...namespace },
      spec,
    });
  }

  /** A POST of this manifest. */
  async ofManifest(resource: CustomResource, manifest: Manifest): Promise<Verdict> {
    const { group, version, plural, namespaced } = resource;
    const scope = namespaced ? `/namespaces/${manifest.metadata.namespace}` : '';
    const path = `/apis/${group}/${version}${scope}/${plural}?dryRun=All&fieldValidation=Strict`;
    return verdictOf(this.client.post(path, manifest));
  }

  /** What a stored object's manager would get for applying this spec to it instead. */
  async ofChange(resource: CustomResource, name: string, spec: object): Promise<Verdict> {
    const metadata = { name, ...(resource.namespaced ? { namespace: 'default' } : {}) };
    const applied = this.client.apply(
      resource,
      { metadata, spec },
      { fieldManager: 'veralux-test', dryRun: true },
    );
    return verdictOf(applied);
  }

  /** Stores an object with this spec, owned by the manager that `ofChange` speaks for. */
  async store(resource: CustomResource, name: string, spec: object): Promise<void> {
    const metadata = { name, ...(resource.namespaced ? { namespace: 'default' } : {}) };
    await this.client.apply(resource, { metadata, spec }, { fieldManager: 'veralux-test' });
  }

  async remove(resource: CustomResource, name: string): Promise<void> {
    await this.client.delete(resource, { name, ...(resource.namespaced ? { namespace: 'default' } : {}) });
  }
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: unknown;
}

async function verdictOf(request: Promise<unknown>): Promise<Verdict> {
  try {
    return { accepted: true, object: (await request) as Record<string, unknown> };
  } catch (error) {
    if (error instanceof KubeError && (error.status === 400 || error.status === 422)) {
      return { accepted: false, message: error.message };
    }
    throw error;
  }
}
