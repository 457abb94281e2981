/** Compares the world with what a storm asked for, in words: what is missing, wrong or too much. */

import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { PROJECTED_FIELDS } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES } from '#lib/kube/resource.ts';
import { conditionOf, type OperatorBench, type Shown, SYSTEM } from '../operator-bench.ts';
import { keysLike } from '../redis-topology.ts';
import { childDifferences } from './child-oracle.ts';
import type { ModelNumber, ModelTenant, TenantLook, Model as WholeModel } from './model.ts';
import { runtimeDifferences } from './runtime-oracle.ts';
import { same, settled } from './same.ts';

type Model = WholeModel['tenants'];

/** Empty when the world is what the model says. Asked again until it is. */
export async function differences(
  bench: OperatorBench,
  { tenants: model, secrets, runtime }: WholeModel,
): Promise<string[]> {
  const found = await Promise.all([
    tenantDifferences(bench, model),
    namespaceDifferences(bench, model),
    numberDifferences(bench, model),
    redisDifferences(bench, model),
    carrierDifferences(bench, model),
    runtimeDifferences(bench, runtime),
    ...living(model).map(({ tenant, look }) => childDifferences(bench, { tenant, look, secrets })),
  ]);
  return found.flat();
}

function living(model: Model): { readonly tenant: ModelTenant; readonly look: TenantLook }[] {
  return model.flatMap((tenant) => (tenant.look === undefined ? [] : [{ tenant, look: tenant.look }]));
}

function wanted(model: Model) {
  return living(model).flatMap(({ tenant, look }) =>
    tenant.numbers.flatMap((number) =>
      number.wanted === undefined ? [] : [{ tenant, look, number, wanted: number.wanted }],
    ),
  );
}

async function tenantDifferences({ admin }: OperatorBench, model: Model): Promise<string[]> {
  const { items } = await admin.list<Shown>(TENANT);
  const expected = new Set(living(model).map(({ tenant }) => tenant.name));
  return [
    ...sameSet(
      'Tenants',
      items.map(nameOf),
      living(model).map(({ tenant }) => tenant.name),
    ),
    ...items.flatMap((found) => (expected.has(found.metadata.name) ? [] : [lingering(found)])),
    ...living(model).flatMap(({ tenant, look }) => {
      const found = items.find((one) => one.metadata.name === tenant.name);
      if (found === undefined) return [];
      const routable = tenant.numbers.filter((number) => number.wanted !== undefined).length;
      return [
        ...endsAs(found, look.isSuspended ? 'Suspended' : 'Ready'),
        ...same(`${tenant.name} tenantID`, found.status?.['tenantID'], tenant.id),
        ...same(`${tenant.name} phoneNumbers`, found.status?.['phoneNumbers'], routable),
        ...same(`${tenant.name} finalizers`, found.metadata.finalizers?.toSorted(), [
          'veralux.io/data',
          'veralux.io/tenant',
        ]),
      ];
    }),
  ];
}

/** What an object that should be gone waits for. */
function lingering(object: Shown): string {
  const { name, deletionTimestamp, finalizers = [] } = object.metadata;
  const message = conditionOf(object, 'Ready')?.message;
  return `${name}: deleted at ${deletionTimestamp}, finalizers ${finalizers.join()}, says: ${message}`;
}

async function namespaceDifferences({ admin }: OperatorBench, model: Model): Promise<string[]> {
  const { items } = await admin.list<KubeObject>(NAMESPACES);
  const tenants = items.filter((one) => one.metadata.name.startsWith('tenant-'));
  return [
    ...sameSet(
      'namespaces',
      tenants.map(nameOf),
      living(model).map(({ tenant }) => tenant.namespace),
    ),
    ...living(model).flatMap(({ tenant }) => {
      const {
        labels = {},
        deletionTimestamp,
        ownerReferences,
      } = tenants.find((one) => one.metadata.name === tenant.namespace)?.metadata ?? {};
      const shown = [
        labels['veralux.io/tenant'],
        labels['veralux.io/tenant-id'],
        labels['pod-security.kubernetes.io/enforce'],
      ];
      return [
        ...same(`${tenant.namespace} labels`, shown, [tenant.name, tenant.id, 'restricted']),
        ...same(
          `${tenant.namespace} end and owner`,
          [deletionTimestamp, ownerReferences],
          [undefined, undefined],
        ),
      ];
    }),
  ];
}

async function numberDifferences(bench: OperatorBench, model: Model): Promise<string[]> {
  const { items } = await bench.admin.list<Shown>(PHONE_NUMBER);
  const names = items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return [
    ...sameSet(
      'PhoneNumbers',
      names,
      wanted(model).map(({ number }) => pathOf(number)),
    ),
    ...wanted(model).flatMap(({ look, number, wanted: { isRouted } }) => {
      const found = items.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === pathOf(number));
      if (found === undefined) return [];
      const reason = isRouted ? (look.answers ? 'Routed' : 'WorkflowNotFound') : 'NotRouted';
      return [
        ...endsAs(found, isRouted && !look.answers ? 'Failed' : 'Ready'),
        ...same(`${pathOf(number)} Purchased`, conditionOf(found, 'Purchased')?.reason, 'Owned'),
        ...same(`${pathOf(number)} Assigned`, conditionOf(found, 'Assigned')?.reason, 'Assigned'),
        ...same(`${pathOf(number)} runtime`, conditionOf(found, 'RuntimeAvailable')?.reason, 'Available'),
        ...same(`${pathOf(number)} Routed`, conditionOf(found, 'Routed')?.reason, reason),
        ...same(`${pathOf(number)} finalizers`, found.metadata.finalizers, ['veralux.io/phone-number']),
      ];
    }),
  ];
}

async function redisDifferences(bench: OperatorBench, model: Model): Promise<string[]> {
  const held = new Map<string, Record<string, unknown>>();
  for (const prefix of ['did:', 'tenant:']) {
    for (const key of await keysLike(bench.redis, `${prefix}*`)) {
      const text = await bench.redis.hget(key, PROJECTED_FIELDS.value);
      if (text !== null) held.set(key, JSON.parse(text) as Record<string, unknown>);
    }
  }
  const profiles = living(model).map(({ tenant, look }) => {
    const [key = tenant.id, value] =
      [...held].find(([one]) => one.startsWith('tenant:') && one.endsWith(tenant.id)) ?? [];
    const { displayName, plan, suspensions } = value ?? {};
    const shown = [displayName, plan, Array.isArray(suspensions) ? suspensions.length : 0];
    const difference = same(`profile of ${tenant.name}`, shown, [
      look.displayName,
      look.plan,
      Number(look.isSuspended),
    ]);
    return { key, difference };
  });
  const routes = [];
  for (const {
    tenant,
    look,
    number,
    wanted: { isRouted },
  } of wanted(model)) {
    if (!isRouted || !look.answers) continue;
    const shown = await bench.admin.get<Shown>(PHONE_NUMBER, number.ref);
    const key = `did:${String(shown?.status?.['number'])}`;
    const { tenantID, workflow } = held.get(key) ?? {};
    routes.push({
      key,
      difference: same(`route of ${pathOf(number)}`, [tenantID, workflow], [tenant.id, 'lead']),
    });
  }
  const expected = [...profiles, ...routes];
  return [
    ...sameSet(
      'keys in Redis',
      [...held.keys()],
      expected.map(({ key }) => key),
    ),
    ...expected.flatMap(({ difference }) => difference),
  ];
}

/** What was bought: one number for each PhoneNumber, one claim for each number, and none bought twice. */
async function carrierDifferences(bench: OperatorBench, model: Model): Promise<string[]> {
  const { numbers } = bench.inventory();
  const claims = await bench.admin.list<KubeObject>(CONFIG_MAPS, { namespace: SYSTEM });
  const claimed = new Set(claims.items.map(nameOf).filter((name) => name.startsWith('number-')));
  const lines = await Promise.all(
    model
      .flatMap((tenant) => tenant.numbers)
      .map(async (number) => {
        const reference = `/${number.ref.namespace}/${number.ref.name}`;
        const owned = numbers.filter((one) => one.customer_reference?.endsWith(reference));
        const orders = bench.ordersFor(number.ref).length;
        const mayOrder = number.releasePolicy === 'Retain' ? Math.min(1, number.lives) : number.lives;
        const shown = await bench.admin.get<Shown>(PHONE_NUMBER, number.ref);
        const unclaimed = owned.filter((one) => !claimed.has(`number-${one.phone_number.slice(1)}`));
        return [
          ...(orders > mayOrder ? [`${pathOf(number)}: ${orders} orders in ${number.lives} lives`] : []),
          ...(owned.length > 1 ? [`${pathOf(number)} owns ${owned.length} numbers`] : []),
          ...(number.wanted === undefined && number.releasePolicy === 'Release'
            ? same(`${pathOf(number)} left numbers`, owned.length, 0)
            : []),
          ...(number.wanted === undefined
            ? []
            : same(
                `${pathOf(number)} at the carrier`,
                owned.map((one) => one.phone_number),
                [shown?.status?.['number']],
              )),
          ...same(`${pathOf(number)} unclaimed`, unclaimed.length, 0),
        ];
      }),
  );
  return lines.flat();
}

/** Whether the operator has said its last word, and what that is. */
function endsAs(object: Shown, ready: string): string[] {
  const shown = conditionOf(object, 'Ready')?.reason;
  return [...same(`${object.kind} ${object.metadata.name} Ready`, shown, ready), ...settled(object)];
}

function sameSet(what: string, found: readonly string[], expected: readonly string[]): string[] {
  return same(what, found.toSorted(), expected.toSorted());
}

function nameOf({ metadata }: KubeObject): string {
  return metadata.name;
}

function pathOf({ ref }: ModelNumber): string {
  return `${ref.namespace}/${ref.name}`;
}
