/**
 * What a storm has asked for, kept apart from anything that the operator is made of: the oracle compares
 * the world with this when the storm is over.
 */
import { uuidV5 } from '#lib/ids/uuid-v5.ts';

export const TENANTS = 3;
/** Of each tenant. The first is kept when its PhoneNumber goes, the second is released. */
export const NUMBERS = 2;
const STORMS = '2f8f3c1e-8b0a-4f55-9d7e-2a4f6b8c0d1e';

export interface TenantLook {
  readonly displayName: string;
  readonly plan: 'Free' | 'Professional';
  readonly isSuspended: boolean;
  /** Whether the workflow that numbers are routed to is switched on. */
  readonly answers: boolean;
  readonly hasViewer: boolean;
}

export interface ModelTenant {
  readonly name: string;
  readonly id: string;
  readonly namespace: string;
  /** Undefined: there is to be none. */
  look: TenantLook | undefined;
  readonly numbers: readonly ModelNumber[];
}

export interface ModelNumber {
  readonly ref: { readonly namespace: string; readonly name: string };
  readonly releasePolicy: 'Retain' | 'Release';
  readonly areaCode: string;
  /** Undefined: there is to be none. */
  wanted: { readonly isRouted: boolean } | undefined;
  /** How many PhoneNumbers have been made under this name. */
  lives: number;
}

/** Nothing is asked for yet. `storm` keeps names and ids of several storms apart. */
export function emptyModel(storm: number): readonly ModelTenant[] {
  return Array.from({ length: TENANTS }, (_, index) => {
    const name = `storm${storm}-${index}`;
    const namespace = `tenant-${name}`;
    return {
      name,
      id: uuidV5(STORMS, name),
      namespace,
      look: undefined,
      numbers: (['Retain', 'Release'] as const).map((releasePolicy, nth) => ({
        ref: { namespace, name: `line-${nth}` },
        releasePolicy,
        areaCode: ['415', '206', '512', '617', '702', '808'][index * NUMBERS + nth] ?? '415',
        wanted: undefined,
        lives: 0,
      })),
    };
  });
}

export function tenantSpec(tenant: ModelTenant, look: TenantLook): object {
  return {
    tenantID: tenant.id,
    displayName: look.displayName,
    plan: look.plan,
    limits: { phoneNumbers: 10 },
    suspensions: look.isSuspended ? [{ reason: 'Manual', message: 'for a while' }] : [],
    workflows: [{ name: 'lead', enabled: look.answers, fields: [] }],
    access: look.hasViewer ? [{ kind: 'User', name: 'viewer', role: 'Viewer' }] : [],
  };
}

export function numberSpec(number: ModelNumber, isRouted: boolean): object {
  return {
    search: { countryCode: 'US', areaCode: number.areaCode },
    releasePolicy: number.releasePolicy,
    ...(isRouted ? { routing: { workflow: 'lead' } } : {}),
  };
}
