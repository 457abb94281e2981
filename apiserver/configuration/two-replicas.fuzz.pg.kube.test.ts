import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TenantSpec } from '#crds/tenant/tenant.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { type TestTenant, TestTenants } from '../testing/test-tenants.ts';
import type { PartValues } from './live-tenant.ts';
import { type WriteDeps, writeConfiguration } from './write-configuration.ts';

/** One request of a person. Words and numbers are those of a line of the model; each is written by one step. */
type Step =
  | { readonly kind: 'block' | 'unblock'; readonly line: number }
  | { readonly kind: 'learn' | 'forget'; readonly line: number }
  | { readonly kind: 'greet' | 'patch'; readonly line: number };

const LINES = 6;
const numberOf = (line: number) => `+1312555010${line}`;
const wordOf = (line: number) => `word-${line}`;

/** What must be there, part by part. Steps of one batch run at once, so each set of lines is touched by one kind. */
interface Model {
  blocked: Set<string>;
  words: Set<string>;
  greetings: Set<string>;
  names: Set<string>;
}

const batch = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('block', 'unblock', 'learn', 'forget', 'greet', 'patch'),
    line: fc.nat({ max: LINES - 1 }),
    replica: fc.constantFrom(0, 1),
  }),
  {
    minLength: 2,
    maxLength: 6,
    // Of two steps that contradict each other at the same moment, either may be the last.
    selector: ({ kind, line }) =>
      `${/block/.test(kind) ? 'block' : /learn|forget/.test(kind) ? 'word' : kind}${line}`,
  },
);

let database: MigratedDatabase;
let tenants: TestTenants;
let replicas: readonly WriteDeps[];
beforeAll(async () => {
  database = await createMigratedDatabase();
  tenants = new TestTenants(database, 'replicas');
  replicas = [tenants.replica(), tenants.replica()];
});
afterAll(async () => {
  await tenants.close();
  await database.drop();
});

test('two replicas and kubectl that write one tenant at once lose no update', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
      const tenant = await tenants.make();
      const model: Model = {
        blocked: new Set(),
        words: new Set(),
        greetings: new Set(['Thank you for calling {company}.']),
        names: new Set(['Acme']),
      };
      for (const steps of batches) {
        await Promise.all(steps.map((step) => take(tenant, step, replicas[step.replica] as WriteDeps)));
        expectAs(remember(model, steps), await tenants.spec(tenant));
      }
      await expectRevisions(tenant);
    }),
    { numRuns: 12 },
  );
});

async function take(tenant: TestTenant, step: Step, replica: WriteDeps): Promise<void> {
  if (step.kind === 'patch') return tenants.kubectlPatch(tenant, { displayName: `Acme ${step.line}` });
  const author = { kind: 'Person', id: randomUUID() } as const;
  await writeConfiguration(replica, { ...tenant, author, change: (spec) => changeOf(step, spec) });
}

function changeOf({ kind, line }: Step, spec: TenantSpec): PartValues {
  const { assistant, callScreening = { blocked: [], anonymous: 'Allow' } } = spec;
  const others = callScreening.blocked.filter((number) => number !== numberOf(line));
  const words = assistant.vocabulary.filter(({ word }) => word !== wordOf(line));
  if (kind === 'block') return { callScreening: { ...callScreening, blocked: [...others, numberOf(line)] } };
  if (kind === 'unblock') return { callScreening: { ...callScreening, blocked: others } };
  if (kind === 'learn')
    return { assistant: { ...assistant, vocabulary: [...words, { word: wordOf(line) }] } };
  if (kind === 'forget') return { assistant: { ...assistant, vocabulary: words } };
  return { assistant: { ...assistant, greeting: `Greeting ${line}` } };
}

/** The model after these steps, all of which succeeded. */
function remember(model: Model, steps: readonly Step[]): Model {
  const lastOf = (kind: Step['kind'], text: string) => {
    const lines = steps.filter((step) => step.kind === kind).map(({ line }) => `${text} ${line}`);
    return lines.length > 0 ? new Set(lines) : undefined;
  };
  for (const { kind, line } of steps) {
    if (kind === 'block') model.blocked.add(numberOf(line));
    if (kind === 'unblock') model.blocked.delete(numberOf(line));
    if (kind === 'learn') model.words.add(wordOf(line));
    if (kind === 'forget') model.words.delete(wordOf(line));
  }
  model.greetings = lastOf('greet', 'Greeting') ?? model.greetings;
  model.names = lastOf('patch', 'Acme') ?? model.names;
  return model;
}

function expectAs(model: Model, spec: TenantSpec): void {
  expect(new Set(spec.callScreening?.blocked)).toEqual(model.blocked);
  expect(new Set(spec.assistant.vocabulary.map(({ word }) => word))).toEqual(model.words);
  expect([...model.greetings]).toContain(spec.assistant.greeting);
  expect([...model.names]).toContain(spec.displayName);
  model.greetings = new Set([spec.assistant.greeting]);
  model.names = new Set([spec.displayName]);
}

/** Each write has its own, with the generation that it made and the person who made it. */
async function expectRevisions({ tenantID }: TestTenant): Promise<void> {
  const rows = await database.worker.query<{
    generations: number;
    revisions: number;
    authors: number;
    last: string;
  }>(
    `SELECT count(DISTINCT generation)::int AS generations, count(*)::int AS revisions,
            count(DISTINCT author_id)::int AS authors, max(generation) AS last
       FROM tenant_revisions WHERE tenant_id = $1`,
    [tenantID],
  );
  const [row] = rows;
  expect([row?.generations, row?.authors]).toEqual([row?.revisions, row?.revisions]);
  const written = await database.worker.query<{ written_generation: string | null }>(
    'SELECT written_generation FROM tenants WHERE tenant_id = $1',
    [tenantID],
  );
  expect(written[0]?.written_generation).toBe(row?.last ?? null);
}
