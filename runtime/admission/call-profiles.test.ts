import { expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { profileInTest } from '#runtime/workflow/fakes/profile-in-test.ts';
import { CallProfiles } from './call-profiles.ts';

const hours = { title: 'Hours', text: 'Nine to five.' };
const parking = { title: 'parking', text: 'Behind the house.' };

function profiles(changes: object, knowledgeOf: () => Promise<object | undefined>) {
  const profile = profileInTest({ knowledge: [hours], ...changes });
  const asked: string[] = [];
  const all = new CallProfiles({
    routing: {
      tenantOfCall: async (tenantID) => (tenantID === profile.tenantID ? profile : undefined),
      knowledgeOf: async (tenantID) => {
        asked.push(tenantID);
        return (await knowledgeOf()) as never;
      },
    },
    toolTokens: { tokensOf: async () => new Map() },
    log: silentLogger,
  });
  return { asked, knowledge: async () => (await all.of(profile.tenantID))?.knowledge, all };
}

test('what ConfigMaps tell comes after what the Tenant itself says', async () => {
  const named = { knowledgeFrom: [{ name: 'facts' }] };
  const { knowledge } = profiles(named, async () => ({ articles: [parking] }));
  expect(await knowledge()).toEqual([hours, parking]);
});

test.each([
  ['not there yet', async () => undefined],
  ['not to be read', () => Promise.reject(new Error('Redis is away'))],
])('a call has what the Tenant itself says where the rest is %s', async (_, knowledgeOf) => {
  const { knowledge } = profiles({ knowledgeFrom: [{ name: 'facts' }] }, knowledgeOf);
  expect(await knowledge()).toEqual([hours]);
});

test('nothing more is read for a tenant that refers to nothing', async () => {
  const { asked, knowledge } = profiles({}, async () => undefined);
  expect(await knowledge()).toEqual([hours]);
  expect(asked).toEqual([]);
});

test('there is no profile for a tenant that is nowhere', async () => {
  const { all } = profiles({}, async () => undefined);
  expect(await all.of('00000000-0000-4000-8000-00000000ffff')).toBeUndefined();
});
