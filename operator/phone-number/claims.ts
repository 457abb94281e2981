import { createHash } from 'node:crypto';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason, KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { FIELD_MANAGER, LABELS } from '#operator/installation/names.ts';

/** Who wants or holds a number. */
export interface Claimant {
  /** `<installation-id>/<namespace>/<name>` of the PhoneNumber, also the carrier's customer_reference. */
  readonly reference: string;
  readonly namespace: string;
  readonly name: string;
  readonly tenantID: string;
}

export interface Claim extends Claimant {
  /** E.164. */
  readonly number: string;
}

export type ClaimResult = { readonly kind: 'Ours' } | { readonly kind: 'Held'; readonly by: Claim };

interface ClaimConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface ClaimsOptions {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'create' | 'mergePatch' | 'delete'>;
  /** The operator's namespace. */
  readonly namespace: string;
  /** Whether the PhoneNumber that holds a claim still exists, asked of the API server. */
  readonly ownerExists: (claim: Claim) => Promise<boolean>;
}

const CLAIMANT = 'veralux.io/claimant';
/** Rounds of "it is there" and "it is gone" before it is left to a later reconcile. */
const TAKE_ATTEMPTS = 3;

/**
 * Who holds which number: a ConfigMap `number-<digits>` each, made by POST, so that of several
 * claimants exactly one gets it. Kept as long as we own the number.
 */
export class Claims {
  readonly #options: ClaimsOptions;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /**
   * Claims the number. One that a PhoneNumber of the same tenant left behind is taken over; between
   * tenants a claim never moves by itself. Throws a KubeError, `Conflict` where others are quicker.
   */
  async take(number: string, claimant: Claimant): Promise<ClaimResult> {
    for (let attempt = 1; attempt <= TAKE_ATTEMPTS; attempt += 1) {
      const result = await this.#tryTake(number, claimant);
      if (result !== undefined) return result;
    }
    const message = `The claim on ${number} comes and goes.`;
    throw new KubeError({ status: 409, reason: 'Conflict', message });
  }

  /** Undefined when the claim was freed between the two requests. */
  async #tryTake(number: string, claimant: Claimant): Promise<ClaimResult | undefined> {
    const { client } = this.#options;
    try {
      await client.create(CONFIG_MAPS, this.#configMap(number, claimant), { fieldManager: FIELD_MANAGER });
      return { kind: 'Ours' };
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
    const found = await client.get<ClaimConfigMap>(CONFIG_MAPS, this.#ref(number));
    if (found === undefined) return undefined;
    const held = claimOf(found, number);
    if (isSame(held, claimant)) return { kind: 'Ours' };
    const mayTakeOver = held.tenantID === claimant.tenantID && !(await this.#options.ownerExists(held));
    if (!mayTakeOver) return { kind: 'Held', by: held };
    const { metadata, data } = this.#configMap(number, claimant);
    const { resourceVersion } = found.metadata;
    await client.mergePatch(
      CONFIG_MAPS,
      this.#ref(number),
      { metadata: { labels: metadata.labels, resourceVersion }, data },
      { fieldManager: FIELD_MANAGER },
    );
    return { kind: 'Ours' };
  }

  async holderOf(number: string): Promise<Claim | undefined> {
    const found = await this.#options.client.get<ClaimConfigMap>(CONFIG_MAPS, this.#ref(number));
    return found === undefined ? undefined : claimOf(found, number);
  }

  /** The numbers that this PhoneNumber has claimed, read from the API server, not from a cache. */
  async heldBy(claimant: Claimant): Promise<readonly Claim[]> {
    const list = await this.#options.client.list<ClaimConfigMap>(CONFIG_MAPS, {
      namespace: this.#options.namespace,
      labelSelector: `${CLAIMANT}=${labelOf(claimant.reference)}`,
    });
    return list.items
      .map((item) => claimOf(item, item.data?.['number'] ?? ''))
      .filter((claim) => isSame(claim, claimant));
  }

  /** Gives the claim up, if it is still this claimant's. */
  async free(number: string, claimant: Claimant): Promise<void> {
    const { client } = this.#options;
    const found = await client.get<ClaimConfigMap>(CONFIG_MAPS, this.#ref(number));
    if (found === undefined || !isSame(claimOf(found, number), claimant)) return;
    const { uid, resourceVersion } = found.metadata;
    await client.delete(CONFIG_MAPS, this.#ref(number), {
      preconditions: {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    });
  }

  #ref(number: string) {
    return { name: `number-${number.replace('+', '')}`, namespace: this.#options.namespace };
  }

  #configMap(number: string, claimant: Claimant): ClaimConfigMap {
    const { reference, namespace, name, tenantID } = claimant;
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        ...this.#ref(number),
        labels: {
          [LABELS.managedBy]: FIELD_MANAGER,
          [LABELS.claim]: 'phone-number',
          [LABELS.tenantID]: tenantID,
          [CLAIMANT]: labelOf(reference),
        },
      },
      data: { number, reference, namespace, name, tenantID },
    };
  }
}

/** A tenant that was deleted and made anew under its name is another one: its id decides too. */
export function isSame(claim: Claimant, claimant: Claimant): boolean {
  return claim.reference === claimant.reference && claim.tenantID === claimant.tenantID;
}

function claimOf(configMap: ClaimConfigMap, number: string): Claim {
  const { reference = '', namespace = '', name = '', tenantID = '' } = configMap.data ?? {};
  return { number, reference, namespace, name, tenantID };
}

/** A reference is longer than a label's value may be. */
function labelOf(reference: string): string {
  return createHash('sha256').update(reference).digest('hex').slice(0, 32);
}
