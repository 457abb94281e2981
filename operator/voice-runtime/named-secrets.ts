import { createHmac } from 'node:crypto';
import { Informer, type InformerOptions } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';

export interface NamedSecretsOptions {
  readonly client: Pick<KubeClient, 'get'> & InformerOptions<Secret>['client'];
  readonly log: Logger;
  /** Keys the digests, so that nobody can guess a value from the digest that a Deployment shows. */
  readonly digestKey: string;
  /** Told of a Secret (namespace, name) that was made, changed or removed. */
  readonly onChange: (namespace: string, name: string) => void;
  readonly onRelist?: InformerOptions<Secret>['onRelist'];
  readonly onVerified?: InformerOptions<Secret>['onVerified'];
}

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | undefined;
}

/** A Secret without its values: a digest of each by its key. */
interface DigestedSecret extends KubeObject {
  readonly digests?: ReadonlyMap<string, string>;
}

/** What is known of one value: its digest, that it is missing, or that Secrets may not be read here. */
export type KnownValue =
  | { readonly kind: 'Found'; readonly digest: string }
  | { readonly kind: 'Missing' | 'Forbidden'; readonly message: string };

/** Helm keeps its releases as Secrets, of up to 1 MB each: none is anything that pods would read. */
const SELECT = { fieldSelector: 'type!=helm.sh/release.v1' };

/**
 * The Secrets that people name in VoiceRuntimes. Each platform namespace with a Managed one gets a
 * watch of its own, so that the Secrets of other namespaces never come into this process.
 */
export class NamedSecrets implements Service {
  readonly name = 'named secrets';
  readonly #options: NamedSecretsOptions;
  /** By namespace: as many as hold Managed VoiceRuntimes. */
  readonly #watched = new Map<string, Informer<DigestedSecret>>();
  #fail: (error: unknown) => void = () => undefined;
  #hasEnded = false;

  constructor(options: NamedSecretsOptions) {
    this.#options = options;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#fail = fail;
  }

  async stop(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all([...this.#watched.values()].map((informer) => informer.stop()));
  }

  /** Ends the watches of all other namespaces: they hold no Managed VoiceRuntime any more. */
  async keepOnly(namespaces: ReadonlySet<string>): Promise<void> {
    for (const [namespace, informer] of this.#watched) {
      if (namespaces.has(namespace)) continue;
      this.#watched.delete(namespace);
      await informer.stop();
    }
  }

  /** Reads live until the namespace's watch has begun. Throws what the client throws. */
  async find(ref: {
    readonly namespace: string;
    readonly name: string;
    readonly key: string;
  }): Promise<KnownValue> {
    const { namespace, name, key } = ref;
    const informer = await this.#watch(namespace);
    try {
      const secret = informer.hasSynced
        ? informer.get(`${namespace}/${name}`)
        : await this.#read(namespace, name);
      if (secret === undefined) {
        return { kind: 'Missing', message: `There is no Secret ${name} in ${namespace}.` };
      }
      const digest = secret.digests?.get(key);
      if (digest !== undefined) return { kind: 'Found', digest };
      return { kind: 'Missing', message: `The Secret ${namespace}/${name} has no ${key}.` };
    } catch (error) {
      if (!hasReason(error, 'Forbidden')) throw error;
      return {
        kind: 'Forbidden',
        message:
          `The operator may not read Secrets in ${namespace}. ` +
          'Its ClusterRole veralux-operator grants that everywhere: apply the manifests again.',
      };
    }
  }

  async #read(namespace: string, name: string): Promise<DigestedSecret | undefined> {
    const secret = await this.#options.client.get<Secret>(SECRETS, { namespace, name });
    return secret === undefined ? undefined : this.#digested(secret);
  }

  async #watch(namespace: string): Promise<Informer<DigestedSecret>> {
    const known = this.#watched.get(namespace);
    if (known !== undefined) return known;
    const { client, log, onChange, onRelist, onVerified } = this.#options;
    const informer = new Informer<DigestedSecret>({
      client,
      log,
      resource: SECRETS,
      select: { namespace, ...SELECT },
      transform: (secret) => this.#digested(secret),
      onRelist: (reason) => onRelist?.(reason),
      onVerified: (missed) => onVerified?.(missed),
    });
    this.#watched.set(namespace, informer);
    informer.onChange((_key, before, after, origin) => {
      if (origin !== 'Initial') onChange(namespace, (after ?? before)?.metadata.name ?? '');
    });
    if (!this.#hasEnded) await informer.start(this.#fail);
    return informer;
  }

  #digested({ apiVersion, kind, metadata, data = {} }: Secret): DigestedSecret {
    const { name, namespace, uid, resourceVersion } = metadata;
    const digests = Object.entries(data)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [key, this.digestOf(value)] as const);
    return {
      apiVersion,
      kind,
      metadata: { name, namespace, uid, resourceVersion },
      digests: new Map(digests),
    };
  }

  /** A short digest of a value that tells nothing of it. */
  digestOf(value: string): string {
    return createHmac('sha256', this.#options.digestKey).update(value).digest('base64url').slice(0, 22);
  }
}
