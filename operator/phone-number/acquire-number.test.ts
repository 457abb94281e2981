import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { type AcquireRequest, type Acquisition, acquireNumber } from './acquire-number.ts';
import { type Claimant, Claims } from './claims.ts';
import { FakeConfigMaps } from './fakes/config-maps.ts';
import { FakeNumberAccount } from './fakes/number-account.ts';

const [FIRST, SECOND] = ['+13125550100', '+13125550101'];
const search = { countryCode: 'US', features: ['Voice' as const] };
const main: Claimant = {
  reference: 'here/tenant-a/main',
  namespace: 'tenant-a',
  name: 'main',
  tenantID: 'a',
};
const stranger: Claimant = {
  reference: 'here/tenant-b/main',
  namespace: 'tenant-b',
  name: 'main',
  tenantID: 'b',
};
const HOUR_MS = 3_600_000;

let clock: FakeClock;
let account: FakeNumberAccount;
let claims: Claims;

beforeEach(() => {
  clock = new FakeClock();
  account = new FakeNumberAccount(clock);
  account.offered = [FIRST, SECOND];
  claims = new Claims({ client: new FakeConfigMaps(), namespace: 'system', ownerExists: async () => true });
});

function acquire(request: Partial<AcquireRequest> = {}): Promise<Acquisition> {
  return acquireNumber({
    spec: { search },
    known: undefined,
    claimant: main,
    installationID: 'here',
    connectionID: 'application',
    carrier: account,
    claims,
    clock,
    ...request,
  });
}

const ordered = () => account.orders.map(({ numbers }) => numbers[0]);
const holder = async (number: string) => (await claims.holderOf(number))?.reference;
const outcome = (acquisition: Acquisition) => {
  if (acquisition.kind === 'Owned') return acquisition.owned.number;
  return acquisition.kind === 'NotYet' ? acquisition.reason : acquisition.kind;
};

describe('a number that is searched', () => {
  test('is claimed, ordered once and then ours', async () => {
    expect(outcome(await acquire())).toBe('Ordering');
    expect(outcome(await acquire())).toBe(FIRST);
    expect(outcome(await acquire({ known: FIRST }))).toBe(FIRST);
    expect([ordered(), await holder(FIRST)]).toEqual([[FIRST], main.reference]);
  });

  test('is not ordered again while its order is under way', async () => {
    account.nextOrder = 'Pending';
    for (let round = 0; round < 3; round += 1) expect(outcome(await acquire())).toBe('Ordering');
    expect(ordered()).toEqual([FIRST]);
  });

  test.each(['ReplyLost', 'RefusedAsOurs'] as const)(
    'is bought once when the order ends in %s',
    async (how) => {
      account.nextOrder = how;
      expect(outcome(await acquire())).toBe(how === 'ReplyLost' ? 'CarrierUnavailable' : 'Ordering');
      expect(await holder(FIRST)).toBe(main.reference);
      expect(outcome(await acquire())).toBe(FIRST);
      expect(ordered()).toEqual([FIRST]);
    },
  );

  test('is the same one when the order never arrived', async () => {
    await claims.take(SECOND, main);
    expect(outcome(await acquire())).toBe('Ordering');
    expect(ordered()).toEqual([SECOND]);
  });

  test('is another one when another PhoneNumber has claimed the first', async () => {
    await claims.take(FIRST, stranger);
    await acquire();
    expect(ordered()).toEqual([SECOND]);
  });

  test('is none where the carrier offers none', async () => {
    account.offered = [];
    expect(outcome(await acquire())).toBe('NoNumberFound');
  });

  test('gives its claim up when the carrier refuses it', async () => {
    account.nextOrder = 'Refused';
    expect(outcome(await acquire())).toBe('OrderFailed');
    expect(await holder(FIRST)).toBeUndefined();
  });

  test('is another one after an order that failed', async () => {
    account.nextOrder = 'Failure';
    expect(outcome(await acquire())).toBe('OrderFailed');
    expect(outcome(await acquire())).toBe('OrderFailed');
    expect(await holder(FIRST)).toBeUndefined();
    account.offered = [SECOND];
    await acquire();
    expect(outcome(await acquire())).toBe(SECOND);
  });
});

describe('a number that was ours and left the account', () => {
  beforeEach(async () => {
    await acquire();
    await account.release(`id-${FIRST}`);
  });

  test('is not bought again unasked, and no other in its place', async () => {
    for (const afterMs of [0, HOUR_MS]) {
      await clock.advance(afterMs);
      expect(outcome(await acquire({ known: FIRST }))).toBe('Lost');
    }
    expect(ordered()).toEqual([FIRST]);
  });

  test('is replaced for a PhoneNumber that is made anew', async () => {
    await clock.advance(HOUR_MS);
    expect(outcome(await acquire())).toBe('OrderFailed');
    account.offered = [SECOND];
    await acquire();
    expect(outcome(await acquire())).toBe(SECOND);
  });

  test('and was handed to somebody else is not replaced unasked', async () => {
    await claims.free(FIRST, main);
    await claims.take(FIRST, stranger);
    await clock.advance(HOUR_MS);
    expect(outcome(await acquire())).toBe('NumberClaimed');
    expect(ordered()).toEqual([FIRST]);
  });
});

describe('a number that is asked for by name', () => {
  const spec = { number: FIRST };

  test.each([
    ['without a mark', undefined, FIRST],
    ['with a mark of another installation', 'elsewhere/tenant-b/main', FIRST],
    ['with our mark', main.reference, FIRST],
    ['of a sister in the same namespace', 'here/tenant-a/old', FIRST],
    ['with the mark of another tenant', stranger.reference, 'NumberClaimed'],
  ])('in the account %s', async (_case, reference, expected) => {
    account.give(FIRST, reference);
    expect(outcome(await acquire({ spec }))).toBe(expected);
    expect(ordered()).toEqual([]);
  });

  test('is waited for while the purchase goes through', async () => {
    account.give(FIRST, main.reference, false);
    expect(outcome(await acquire({ spec }))).toBe('Ordering');
  });

  test('is bought exactly so', async () => {
    await acquire({ spec: { number: SECOND } });
    expect(outcome(await acquire({ spec: { number: SECOND } }))).toBe(SECOND);
  });

  test('is ordered again after a failure, but not at once', async () => {
    account.nextOrder = 'Failure';
    await acquire({ spec });
    expect(outcome(await acquire({ spec }))).toBe('OrderFailed');
    expect(ordered()).toEqual([FIRST]);
    await clock.advance(HOUR_MS);
    await acquire({ spec });
    expect(outcome(await acquire({ spec }))).toBe(FIRST);
  });
});

test('a number that an earlier tenant of the same name kept is not given to the new one', async () => {
  await acquire();
  const acquisition = await acquire({ claimant: { ...main, tenantID: 'new' } });
  expect(acquisition).toMatchObject({ kind: 'NotYet', reason: 'NumberClaimed' });
  expect(acquisition).toHaveProperty('message', expect.stringContaining('an earlier tenant of this name'));
  expect(ordered()).toEqual([FIRST]);
});
