import { describe, expect, test } from 'vitest';
import { presumedRevision } from '#crds/ledger/ledger-event.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { callEvents } from '../testing/ledger-events.ts';
import { judgeEntries } from './judge-entries.ts';
import { isRejected, type LedgerEntry, parseEntry } from './stream-entry.ts';

const tenantID = '11111111-1111-4111-8111-111111111111';
const callID = '22222222-2222-4222-8222-222222222222';

let sequence = 0;
function usage(revision: number, seconds: number): LedgerEntry {
  const answeredAt = new Date(Date.UTC(2026, 0, 1));
  return entryOf(
    callEvents({ tenantID, callID, revision, seconds, answeredAt }).find((it) => it.kind === 'usage'),
  );
}

/** `presumed`: not by the carrier's word. */
function answered(atMs: number, presumed = false): LedgerEntry {
  const [event] = callEvents({ tenantID, callID, answeredAt: new Date(atMs) }).filter(
    (it) => it.kind === 'answered',
  );
  return entryOf({ ...event, ...(presumed ? { revision: presumedRevision(atMs) } : {}) });
}

function entryOf(event: object | undefined): LedgerEntry {
  sequence += 1;
  const entry = parseEntry({
    shard: shardOf(tenantID),
    streamID: `${sequence}-0`,
    text: JSON.stringify(event),
  });
  if (isRejected(entry)) throw new Error(entry.detail);
  return entry;
}

describe('judgeEntries', () => {
  test.each([
    ['one settlement', [usage(0, 10)], ['New'], 10],
    ['the same twice', [usage(0, 10), usage(0, 10)], ['New', 'Repeated'], 10],
    ['a correction', [usage(0, 10), usage(1, 20)], ['New', 'Corrected'], 20],
    ['a correction before what it corrects', [usage(1, 20), usage(0, 10)], ['New', 'Outdated'], 20],
    ['other words at one revision', [usage(0, 10), usage(0, 20)], ['New', 'Contradiction'], 10],
    [
      'a correction that skips',
      [usage(0, 10), usage(5, 20), usage(5, 20)],
      ['New', 'Corrected', 'Repeated'],
      20,
    ],
  ])('%s', (_case, entries, verdicts, seconds) => {
    const judgement = judgeEntries(entries, new Map(), () => false);
    expect(judgement.verdicts.map((it) => it.verdict)).toEqual(verdicts);
    expect(judgement.accepted.map((it) => 'callSeconds' in it.event && it.event.callSeconds)).toEqual([
      seconds,
    ]);
    expect(judgement.rejected).toHaveLength(verdicts.filter((it) => it === 'Contradiction').length);
  });

  test.each([
    ['the carrier tells of later', [answered(5_000, true), answered(4_000)], ['New', 'Corrected']],
    ['the carrier has told of', [answered(4_000), answered(5_000, true)], ['New', 'Outdated']],
    ['was presumed before', [answered(5_000, true), answered(6_000, true)], ['New', 'Corrected']],
  ])('an answer that is presumed and that %s', (_case, entries, verdicts) => {
    const judgement = judgeEntries(entries, new Map(), () => false);
    expect(judgement.verdicts.map(({ verdict }) => verdict)).toEqual(verdicts);
    expect(judgement.rejected).toEqual([]);
  });

  test.each([
    ['repeats', 0, 'Repeated'],
    ['is replaced by', 1, 'Corrected'],
    ['makes nothing of', -1, 'Outdated'],
  ])('what was erased %s what comes at revision %d, and contradicts nothing', (_what, revision, verdict) => {
    const known = new Map([[`${tenantID}/${callID}/usage`, { revision: 0, digest: '' }]]);
    expect(judgeEntries([usage(revision, 10)], known, () => false)).toMatchObject({
      rejected: [],
      verdicts: [{ verdict }],
    });
  });

  test('what Postgres holds already counts as seen', () => {
    const entry = usage(0, 10);
    const known = new Map([[`${tenantID}/${callID}/usage`, { revision: 0, digest: entry.digest }]]);
    expect(judgeEntries([entry], known, () => false)).toMatchObject({
      accepted: [],
      verdicts: [{ verdict: 'Repeated' }],
    });
  });

  test('what is of a purged tenant is dropped, also a contradiction', () => {
    const judgement = judgeEntries(
      [usage(0, 10), usage(0, 20)],
      new Map(),
      (event) => event.tenantID === tenantID,
    );
    expect(judgement.verdicts.map(({ verdict }) => verdict)).toEqual(['Purged', 'Purged']);
    expect([judgement.accepted, judgement.rejected]).toEqual([[], []]);
  });
});
