/**
 * What a storm has asked for, kept apart from anything that the operator is made of: the oracle compares
 * the world with this when the storm is over.
 */
import { uuidV5 } from '#lib/ids/uuid-v5.ts';
import { SYSTEM } from '../operator-bench.ts';

export const TENANTS = 3;
/** Of each tenant. The first is kept when its PhoneNumber goes, the second is released. */
export const NUMBERS = 2;
/** That every tenant may get a copy of. */
export const SECRETS_SHARED = 2;
const STORMS = '2f8f3c1e-8b0a-4f55-9d7e-2a4f6b8c0d1e';

export interface Model {
  readonly tenants: readonly ModelTenant[];
  readonly secrets: readonly ModelSecret[];
  readonly runtime: ModelRuntime;
}

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
  rotations: Rotations;
}

/** What was asked of a Tenant's generated secrets in its present life. */
export interface Rotations {
  /** How often: at most so many generations came after the first. */
  readonly asked: number;
  readonly last?: string;
  /** The generation that there is at least, since the last request was new to one that was seen. */
  readonly least: number;
}

export const NO_ROTATIONS: Rotations = { asked: 0, least: 1 };

export interface ModelNumber {
  readonly ref: { readonly namespace: string; readonly name: string };
  readonly releasePolicy: 'Retain' | 'Release';
  readonly areaCode: string;
  /** Undefined: there is to be none. */
  wanted: { readonly isRouted: boolean } | undefined;
  /** How many PhoneNumbers have been made under this name. */
  lives: number;
}

export interface SecretLook {
  readonly token: string;
  readonly type: 'Opaque' | 'example.com/crm';
  /** Whether it is labelled to be copied. */
  readonly isShared: boolean;
}

export interface ModelSecret {
  readonly ref: { readonly namespace: string; readonly name: string };
  /** Undefined: there is to be none. */
  wanted: SecretLook | undefined;
}

export interface RuntimeLook {
  readonly mode: 'Managed' | 'External';
  readonly replicas: number;
  /** What transcribes: a server that the operator runs where it is Managed, or one elsewhere. */
  readonly hears: 'Elsewhere' | 'WhisperCpp' | 'Speaches';
  readonly hasVolume: boolean;
}

/** A VoiceRuntime beside the one that tenants are on, without nodes for its pods. */
export interface ModelRuntime {
  readonly ref: { readonly namespace: string; readonly name: string };
  /** Undefined: there is to be none. */
  wanted: RuntimeLook | undefined;
}

/** Nothing is asked for yet. `storm` keeps names and ids of several storms apart. */
export function emptyModel(storm: number): Model {
  return {
    tenants: Array.from({ length: TENANTS }, (_, index) => emptyTenant(storm, index)),
    secrets: Array.from({ length: SECRETS_SHARED }, (_, index) => ({
      ref: { namespace: SYSTEM, name: `storm${storm}-crm-${index}` },
      wanted: undefined,
    })),
    runtime: { ref: { namespace: SYSTEM, name: `storm${storm}-voice` }, wanted: undefined },
  };
}

function emptyTenant(storm: number, index: number): ModelTenant {
  const name = `storm${storm}-${index}`;
  const namespace = `tenant-${name}`;
  return {
    name,
    id: uuidV5(STORMS, name),
    namespace,
    look: undefined,
    rotations: NO_ROTATIONS,
    numbers: (['Retain', 'Release'] as const).map((releasePolicy, nth) => ({
      ref: { namespace, name: `line-${nth}` },
      releasePolicy,
      areaCode: ['415', '206', '512', '617', '702', '808'][index * NUMBERS + nth] ?? '415',
      wanted: undefined,
      lives: 0,
    })),
  };
}
