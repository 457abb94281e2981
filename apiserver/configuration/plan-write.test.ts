import { describe, expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '#lib/kube/kube-object.ts';
import { ManagedElsewhere } from './configuration-error.ts';
import type { LiveTenant, PartValues } from './live-tenant.ts';
import { ownedFields } from './managed-fields.ts';
import { planWrite } from './plan-write.ts';

const tools = (...names: string[]) => names.map((name) => ({ name, url: `https://${name}.example` }));

describe('a write of the configuration', () => {
  test('is the full set of what its manager owns, and nothing of what others do', () => {
    const live = tenant(
      { displayName: 'Acme', plan: 'Free', timeZone: 'UTC', recording: { enabled: true } },
      entry('veralux-config', 'Apply', { 'f:displayName': {}, 'f:recording': { 'f:enabled': {} } }),
      entry('veralux-billing', 'Apply', { 'f:plan': {} }),
    );
    const plan = planWrite(live, parts({ recording: { enabled: false, retentionDays: 7 } }));
    expect(plan.spec).toEqual({ displayName: 'Acme', recording: { enabled: false, retentionDays: 7 } });
    expect(plan.handOver).toBeUndefined();
  });

  test('keeps fields of a newer release that its manager owns', () => {
    const live = tenant(
      { displayName: 'Acme', future: { a: { b: 1 } } },
      entry('veralux-config', 'Apply', { 'f:displayName': {}, 'f:future': { 'f:a': { 'f:b': {} } } }),
    );
    const plan = planWrite(live, parts({ recording: { enabled: true, retentionDays: 7 } }));
    expect(plan.spec).toMatchObject({ displayName: 'Acme', future: { a: { b: 1 } } });
  });

  test.each<[string, ManagedFieldsEntry, string[]]>([
    [
      'a GitOps controller that applies',
      entry('argocd-controller', 'Apply', greeting()),
      ['assistant.greeting'],
    ],
    ['one that updates', entry('helm', 'Update', greeting()), ['assistant.greeting']],
    ['kubectl apply --server-side', entry('kubectl', 'Apply', greeting()), ['assistant.greeting']],
    ['kubectl edit', entry('kubectl-edit', 'Update', greeting()), []],
    ['kubectl patch', entry('kubectl-patch', 'Update', greeting()), []],
    ['nobody who applied', entry('before-first-apply', 'Update', greeting()), []],
    ['a status', { ...entry('other', 'Update', greeting()), subresource: 'status' }, []],
  ])('meets what is set by %s', (_who, other, fields) => {
    const live = tenant({ assistant: { greeting: 'Hi' } }, other);
    const write = () => planWrite(live, parts({ assistant: { greeting: 'Hello' } }));
    if (fields.length === 0) expect(write().spec).toEqual({ assistant: { greeting: 'Hello' } });
    else expect(conflictsOf(write)).toEqual(fields.map((field) => ({ manager: other.manager, field })));
  });

  test('may not remove an entry that another manager applies, and leaves it to that one alone', () => {
    const item = { '.': {}, 'f:name': {}, 'f:url': {} };
    const live = tenant(
      { tools: tools('a', 'b') },
      entry('argocd-controller', 'Apply', { 'f:tools': { 'k:{"name":"a"}': item } }),
    );
    expect(conflictsOf(() => planWrite(live, parts({ tools: tools('b') })))).toEqual(
      ['tools[a]', 'tools[a].name', 'tools[a].url'].map((field) => ({ manager: 'argocd-controller', field })),
    );
    expect(planWrite(live, parts({ tools: tools('a', 'c') })).spec).toEqual({ tools: tools('c') });
  });

  test('takes over what a single command of kubectl set, so that leaving it out removes it', () => {
    const edited = entry('kubectl-edit', 'Update', {
      'f:assistant': { 'f:persona': {} },
      'f:limits': { 'f:phoneNumbers': {} },
    });
    const live = tenant(
      { assistant: { greeting: 'Hi', persona: 'Terse.' }, limits: { phoneNumbers: 3 } },
      edited,
    );
    const plan = planWrite(live, parts({ assistant: { greeting: 'Hi' } }));
    expect(plan.handOver?.takeovers).toEqual([{ manager: 'kubectl-edit', fields: ['assistant.persona'] }]);
    expect(plan.spec).toEqual({ assistant: { greeting: 'Hi' } });
    const owners = (plan.handOver?.managedFields ?? []).map((one) => [one.manager, [...ownedFields(one)]]);
    expect(owners).toEqual([
      ['veralux-config', ['f:assistant\nf:persona']],
      ['kubectl-edit', ['f:limits\nf:phoneNumbers']],
    ]);
  });

  test.each<[string, object, string[]]>([
    ['nothing but empty lists', { weekly: [], holidays: [] }, ['businessHours']],
    ['anything else', { weekly: [{ day: 'Monday', opens: '09:00', closes: '17:00' }], holidays: [] }, []],
  ])('says what an apply cannot take away: what has %s in it', (_what, businessHours, remains) => {
    expect(planWrite(tenant({ businessHours }), { businessHours: undefined }).remains).toEqual(remains);
  });

  describe('where a manifest is applied by kubectl without --server-side', () => {
    const applied = entry('kubectl-client-side-apply', 'Update', {
      'f:assistant': { '.': {}, 'f:greeting': {}, 'f:temperature': {} },
      'f:tools': { '.': {}, 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:url': {} } },
    });
    const manifest = { spec: { assistant: { greeting: 'Hi' }, tools: tools('a') } };
    const spec = { assistant: { greeting: 'Hi', temperature: '0.3' }, tools: tools('a') };

    test.each<[string, object, string[]]>([
      [
        'what it states is claimed',
        { assistant: { greeting: 'Hello', temperature: '0.3' } },
        ['assistant.greeting'],
      ],
      ['the defaults that came with it are not', { assistant: { greeting: 'Hi', temperature: '1.0' } }, []],
      [
        'a list that it states is claimed as a whole',
        { tools: tools('a', 'b') },
        ['tools[b]', 'tools[b].name', 'tools[b].url'],
      ],
    ])('%s', (_what, change, fields) => {
      const live = tenant(spec, applied, manifest);
      const write = () => planWrite(live, parts(change));
      if (fields.length === 0) expect(write().spec).toEqual({ assistant: { temperature: '1.0' } });
      else expect(conflictsOf(write).map(({ field }) => field)).toEqual(fields);
    });
  });
});

function parts(values: object): PartValues {
  return values;
}

function greeting(): object {
  return { 'f:assistant': { 'f:greeting': {} } };
}

function entry(manager: string, operation: 'Apply' | 'Update', spec: object): ManagedFieldsEntry {
  return { manager, operation, fieldsV1: { 'f:spec': spec } };
}

function tenant(spec: LiveTenant['spec'], ...rest: (ManagedFieldsEntry | { spec: object })[]): LiveTenant {
  const manifest = rest.find((one): one is { spec: object } => 'spec' in one);
  const managedFields = rest.filter((one): one is ManagedFieldsEntry => !('spec' in one));
  return {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: {
      name: 'acme',
      managedFields,
      ...(manifest
        ? { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(manifest) } }
        : {}),
    },
    spec,
  };
}

function conflictsOf(write: () => unknown): readonly { manager: string; field: string }[] {
  try {
    write();
  } catch (error) {
    if (error instanceof ManagedElsewhere) return error.conflicts;
    throw error;
  }
  throw new Error('the write was not refused');
}
