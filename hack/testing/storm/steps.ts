import * as fc from 'fast-check';
import type { Fault } from '../fault-rules.ts';
import { NUMBERS, TENANTS, type TenantLook } from './model.ts';

/** One thing that happens in a storm. Plain data, so that a failure prints what led to it. */
export type Step =
  | { readonly do: 'applyTenant'; readonly tenant: number; readonly look: TenantLook }
  | {
      readonly do: 'deleteTenant';
      readonly tenant: number;
      readonly propagation: 'Background' | 'Foreground';
    }
  | {
      readonly do: 'applyNumber';
      readonly tenant: number;
      readonly number: number;
      readonly isRouted: boolean;
    }
  | { readonly do: 'deleteNumber'; readonly tenant: number; readonly number: number }
  | { readonly do: 'deleteNamespace'; readonly tenant: number }
  | { readonly do: 'vandalise'; readonly tenant: number; readonly pick: number; readonly how: Vandalism }
  | {
      readonly do: 'fault';
      readonly fault: Fault;
      readonly on: 'reads' | 'writes';
      readonly after: number;
      readonly times: number;
    }
  | { readonly do: 'cutConnections' | 'silenceWatches' | 'restartAPIServer' | 'compact' }
  | { readonly do: 'carrierFault'; readonly kind: 'loseReply' | 'drop'; readonly at: string }
  | { readonly do: 'kill' | 'replace' | 'overlap' }
  | { readonly do: 'flushRedis' | 'emptyRedis' | 'splitRedis' | 'failOverRedis' }
  | { readonly do: 'jumpClock' }
  | { readonly do: 'wait'; readonly ms: number };

export type Vandalism = 'delete' | 'edit' | 'unlabel';

/** Its objects print like literals. */
function record<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const tenant = fc.nat({ max: TENANTS - 1 });
const number = fc.nat({ max: NUMBERS - 1 });
const look: fc.Arbitrary<TenantLook> = record({
  displayName: fc.constantFrom('Acme', 'Ünïcode & Söhne', 'x'.repeat(80)),
  plan: fc.constantFrom('Free', 'Professional'),
  isSuspended: fc.boolean(),
  answers: fc.boolean(),
  hasViewer: fc.boolean(),
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
  weighted(10, record({ do: fc.constant('applyTenant'), tenant, look })),
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
  weighted(
    8,
    record({
      do: fc.constant('vandalise'),
      tenant,
      pick: fc.nat({ max: 20 }),
      how: fc.constantFrom('delete', 'edit', 'unlabel'),
    }),
  ),
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
  weighted(4, does('kill', 'replace', 'overlap')),
  weighted(4, does('flushRedis', 'emptyRedis', 'splitRedis', 'failOverRedis')),
  weighted(2, does('jumpClock')),
  weighted(6, record({ do: fc.constant('wait'), ms: fc.integer({ min: 20, max: 800 }) })),
);
