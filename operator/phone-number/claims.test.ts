import { beforeEach, describe, expect, test } from 'vitest';
import { type Claim, type Claimant, Claims } from './claims.ts';
import { FakeConfigMaps } from './fakes/config-maps.ts';

const NUMBER = '+13125550100';

function claimant(namespace: string, name: string, tenantID = `id-of-${namespace}`): Claimant {
  return { reference: `installation/${namespace}/${name}`, namespace, name, tenantID };
}

const main = claimant('tenant-a', 'main');

describe('a claim on a number', () => {
  let configMaps: FakeConfigMaps;
  let existing: Set<string>;
  let claims: Claims;

  beforeEach(() => {
    configMaps = new FakeConfigMaps();
    existing = new Set();
    claims = new Claims({
      client: configMaps,
      namespace: 'system',
      ownerExists: async (claim: Claim) => existing.has(`${claim.namespace}/${claim.name}`),
    });
  });

  test('goes to the first, who may ask again', async () => {
    expect(await claims.take(NUMBER, main)).toEqual({ kind: 'Ours' });
    expect(await claims.take(NUMBER, main)).toEqual({ kind: 'Ours' });
    expect(configMaps.names).toEqual(['number-13125550100']);
    expect(await claims.heldBy(main)).toEqual([{ ...main, number: NUMBER }]);
  });

  test.each([
    ['a sister of the same tenant that is gone', claimant('tenant-a', 'old'), false, 'Ours'],
    ['a sister of the same tenant that is there', claimant('tenant-a', 'old'), true, 'Held'],
    ['another tenant, also when its PhoneNumber is gone', claimant('tenant-b', 'main'), false, 'Held'],
    ['an earlier tenant of the same name', claimant('tenant-a', 'main', 'earlier'), false, 'Held'],
  ])('that is held by %s', async (_case, holder, isThere, kind) => {
    await claims.take(NUMBER, holder);
    if (isThere) existing.add(`${holder.namespace}/${holder.name}`);
    const result = await claims.take(NUMBER, main);
    expect(result.kind).toBe(kind);
    const now = kind === 'Ours' ? main : holder;
    expect(await claims.holderOf(NUMBER)).toEqual({ ...now, number: NUMBER });
    expect(await claims.heldBy(now)).toHaveLength(1);
    expect(await claims.heldBy(now === main ? holder : main)).toEqual([]);
  });

  test('is not taken over from one who takes it over at the same moment', async () => {
    await claims.take(NUMBER, claimant('tenant-a', 'old'));
    const both = await Promise.allSettled([
      claims.take(NUMBER, main),
      claims.take(NUMBER, claimant('tenant-a', 'other')),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { reason: 'Conflict' },
    });
  });

  test('that is freed while it is asked for is taken in the next round', async () => {
    await claims.take(NUMBER, claimant('tenant-b', 'main'));
    configMaps.meanwhile = () => configMaps.drop('number-13125550100');
    expect(await claims.take(NUMBER, main)).toEqual({ kind: 'Ours' });
  });

  test('is given up by its holder only', async () => {
    await claims.take(NUMBER, main);
    await claims.free(NUMBER, claimant('tenant-a', 'main', 'earlier'));
    expect(await claims.holderOf(NUMBER)).toBeDefined();
    await claims.free(NUMBER, main);
    await claims.free(NUMBER, main);
    expect(configMaps.names).toEqual([]);
  });
});
