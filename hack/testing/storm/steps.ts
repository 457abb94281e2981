import * as fc from 'fast-check';
import type { Fault } from '../fault-rules.ts';
import {
  NUMBERS,
  type RuntimeLook,
  SECRETS_SHARED,
  type SecretLook,
  TENANTS,
  type TenantLook,
} from './model.ts';

/** One thing that happens in a storm. Plain data, so that a failure prints what led to it. */
export type Step =
  | Wish
  | OperatorStep
  | RedisStep
  | ConnectionStep
  | { readonly do: 'wait'; readonly ms: number };

/** What people ask for, or do by hand. */
export type Wish = TenantWish | NumberWish | SecretWish | RuntimeWish;

export type TenantWish =
  | { readonly do: 'applyTenant'; readonly tenant: number; readonly look: TenantLook }
  | {
      readonly do: 'deleteTenant';
      readonly tenant: number;
      readonly propagation: 'Background' | 'Foreground';
    }
  | { readonly do: 'deleteNamespace'; readonly tenant: number }
  | { readonly do: 'rotateSecrets'; readonly tenant: number }
  | { readonly do: 'pauseTenant'; readonly tenant: number; readonly isPaused: boolean }
  | { readonly do: 'vandalise'; readonly tenant: number; readonly pick: number; readonly how: Vandalism };

export type NumberWish =
  | {
      readonly do: 'applyNumber';
      readonly tenant: number;
      readonly number: number;
      readonly isRouted: boolean;
    }
  | { readonly do: 'deleteNumber'; readonly tenant: number; readonly number: number }
  | {
      readonly do: 'pauseNumber';
      readonly tenant: number;
      readonly number: number;
      readonly isPaused: boolean;
    };

export type SecretWish =
  | { readonly do: 'applySecret'; readonly secret: number; readonly look: SecretLook }
  | { readonly do: 'deleteSecret'; readonly secret: number };

export type RuntimeWish =
  | { readonly do: 'applyRuntime'; readonly look: RuntimeLook }
  | { readonly do: 'deleteRuntime' }
  | { readonly do: 'pauseRuntime'; readonly isPaused: boolean }
  | { readonly do: 'vandaliseRuntime'; readonly pick: number; readonly how: Vandalism };

export type Vandalism = 'delete' | 'edit' | 'unlabel' | 'disown';

/** What becomes of the operators' processes. */
export interface OperatorStep {
  readonly do: 'kill' | 'replace' | 'overlap' | 'freeze' | 'thaw' | 'jumpClock';
}

export interface RedisStep {
  readonly do: 'flushRedis' | 'emptyRedis' | 'splitRedis' | 'failOverRedis';
}

/** What becomes of the API server, the carrier, and the ways to them. */
export type ConnectionStep =
  | FaultStep
  | { readonly do: 'cutConnections' | 'silenceWatches' | 'restartAPIServer' | 'compact' }
  | { readonly do: 'carrierFault'; readonly kind: 'loseReply' | 'drop'; readonly at: string };

export interface FaultStep {
  readonly do: 'fault';
  readonly fault: Fault;
  readonly on: 'reads' | 'writes';
  readonly after: number;
  readonly times: number;
}

/** Its objects print like literals. */
function record<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const tenant = fc.nat({ max: TENANTS - 1 });
const number = fc.nat({ max: NUMBERS - 1 });
const secret = fc.nat({ max: SECRETS_SHARED - 1 });
const pick = fc.nat({ max: 20 });
const how = fc.constantFrom<Vandalism>('delete', 'edit', 'unlabel', 'disown');

const tenantLook: fc.Arbitrary<TenantLook> = record({
  displayName: fc.constantFrom('Acme', 'Ünïcode & Söhne', 'x'.repeat(80)),
  plan: fc.constantFrom('Free', 'Professional'),
  isSuspended: fc.boolean(),
  answers: fc.boolean(),
  hasViewer: fc.boolean(),
});

const secretLook: fc.Arbitrary<SecretLook> = record({
  token: fc.constantFrom('one', 'two', 'three'),
  type: fc.constantFrom('Opaque', 'Opaque', 'example.com/crm'),
  isShared: fc.constantFrom(true, true, false),
});

const runtimeLook: fc.Arbitrary<RuntimeLook> = record({
  mode: fc.constantFrom('Managed', 'Managed', 'Managed', 'External'),
  replicas: fc.nat({ max: 2 }),
  hears: fc.constantFrom('Elsewhere', 'WhisperCpp', 'Speaches'),
  hasVolume: fc.boolean(),
});

const answer = (status: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'answer',
  status,
  headers,
});
const fault: fc.Arbitrary<Fault> = fc.constantFrom<Fault>(
  answer(409),
  answer(429, { 'retry-after': '1' }),
  answer(500),
  answer(503),
  { kind: 'drop' },
  { kind: 'loseReply' },
  { kind: 'cutBody', afterBytes: 30 },
  { kind: 'delay', delayMs: 400 },
);

const does = <D extends Step['do']>(...names: D[]) => fc.constantFrom(...names).map((name) => ({ do: name }));
const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });

export const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(10, record({ do: fc.constant('applyTenant'), tenant, look: tenantLook })),
  weighted(10, record({ do: fc.constant('applyNumber'), tenant, number, isRouted: fc.boolean() })),
  weighted(
    3,
    record({
      do: fc.constant('deleteTenant'),
      tenant,
      propagation: fc.constantFrom('Background', 'Foreground'),
    }),
  ),
  weighted(3, record({ do: fc.constant('deleteNumber'), tenant, number })),
  weighted(2, record({ do: fc.constant('deleteNamespace'), tenant })),
  weighted(4, record({ do: fc.constant('rotateSecrets'), tenant })),
  weighted(6, record({ do: fc.constant('applySecret'), secret, look: secretLook })),
  weighted(2, record({ do: fc.constant('deleteSecret'), secret })),
  weighted(8, record({ do: fc.constant('applyRuntime'), look: runtimeLook })),
  weighted(2, does('deleteRuntime')),
  weighted(2, record({ do: fc.constant('pauseTenant'), tenant, isPaused: fc.boolean() })),
  weighted(2, record({ do: fc.constant('pauseNumber'), tenant, number, isPaused: fc.boolean() })),
  weighted(2, record({ do: fc.constant('pauseRuntime'), isPaused: fc.boolean() })),
  weighted(8, record({ do: fc.constant('vandalise'), tenant, pick, how })),
  weighted(5, record({ do: fc.constant('vandaliseRuntime'), pick, how })),
  weighted(
    10,
    record({
      do: fc.constant('fault'),
      fault,
      on: fc.constantFrom('reads', 'writes', 'writes'),
      after: fc.nat({ max: 6 }),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  ),
  weighted(3, does('cutConnections', 'silenceWatches')),
  weighted(1, does('restartAPIServer', 'compact')),
  weighted(
    2,
    record({
      do: fc.constant('carrierFault'),
      kind: fc.constantFrom('loseReply', 'drop'),
      at: fc.constantFrom('POST /v2/number_orders', 'GET /v2/phone_numbers*', 'PATCH /v2/phone_numbers*'),
    }),
  ),
  weighted(5, does('kill', 'replace', 'overlap', 'freeze', 'thaw')),
  weighted(4, does('flushRedis', 'emptyRedis', 'splitRedis', 'failOverRedis')),
  weighted(2, does('jumpClock')),
  weighted(6, record({ do: fc.constant('wait'), ms: fc.integer({ min: 20, max: 800 }) })),
);
