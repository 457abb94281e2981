import { projectionKeys } from '#crds/projection/keys.ts';
import type { TenantKnowledge } from '#crds/projection/tenant-knowledge.ts';
import type { Tenant } from '#crds/tenant/tenant.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, type Resource, SECRETS } from '#lib/kube/resource.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { tenantNamespace } from '#operator/installation/names.ts';
import { type Projector, RedisUnavailable, StaleFence } from '#operator/projection/projector.ts';
import { findCallTokenSecret } from '#operator/voice-runtime/call-token-secret.ts';
import type { SharedSecret } from '#operator/world/secret-refusal.ts';
import { verdict } from '#operator/world/verdict.ts';
import { runtimeKeyOf, type World } from '#operator/world/world.ts';
import { type ConfigMap, knowledgeIn, type NamedConfigMap } from './knowledge-from.ts';
import type { Problem } from './problem.ts';
import { sealedTokens, type TokenTool, tokenIn, toolsWithToken } from './tool-tokens.ts';

export interface ReferencesMeans {
  readonly world: World;
  readonly client: Pick<KubeClient, 'get'>;
  readonly projector: Projector;
  readonly masterKey: Uint8Array;
}

interface Subject {
  readonly tenant: Tenant;
  readonly id: string;
}

/** Nobody tells of a watch that missed something, or of a key of Redis that somebody changed. */
export const LOOK_AGAIN_MS = 300_000;

/**
 * Brings what a Tenant refers to, and what its profile therefore cannot hold, to Redis. The verdict is undefined
 * for one that refers to nothing and never did. Throws what the client throws: what was known before stays.
 */
export async function projectReferences(
  subject: Subject,
  means: ReferencesMeans,
): Promise<Verdict | undefined> {
  const { tenant } = subject;
  const { tools, knowledgeFrom } = tenant.spec;
  const refers = toolsWithToken({ tools }).length > 0 || knowledgeFrom.length > 0;
  const didRefer = tenant.status?.conditions?.some(({ type }) => type === 'ReferencesResolved') === true;
  if (!refers && !didRefer) return undefined;
  const [first, ...others] = await problemsOf(subject, means);
  if (first === undefined) {
    const message = refers ? 'All that the spec refers to is there.' : 'The spec refers to nothing.';
    return verdict('ReferencesResolved', 'True', 'Resolved', message);
  }
  const message = [first, ...others].map((problem) => problem.message).join(' ');
  return verdict('ReferencesResolved', 'False', first.reason, message);
}

async function problemsOf(subject: Subject, means: ReferencesMeans): Promise<readonly Problem[]> {
  try {
    return [...(await projectTokens(subject, means)), ...(await projectKnowledge(subject, means))];
  } catch (error) {
    if (error instanceof RedisUnavailable) {
      const message = `${error.message} It is tried again by itself; until then calls have what was there before, if anything.`;
      return [{ reason: 'RedisUnavailable', message }];
    }
    if (error instanceof StaleFence) return [{ reason: 'StaleFence', message: error.message }];
    throw error;
  }
}

async function projectTokens(
  { tenant, id }: Subject,
  { world, client, projector, masterKey }: ReferencesMeans,
): Promise<readonly Problem[]> {
  const key = projectionKeys.tenantTools(id);
  const tools = toolsWithToken(tenant.spec);
  if (tools.length === 0) {
    await projector.erase(key);
    return [];
  }
  const runtimeKey = runtimeKeyOf(tenant) ?? '';
  const sealing = await findCallTokenSecret(runtimeKey, world.runtimes.get(runtimeKey), {
    client,
    masterKey,
  });
  const namespace = tenantNamespace(tenant.metadata.name);
  const tokens = new Map<TokenTool, string>();
  const problems: Problem[] = [];
  for (const tool of tools) {
    const secret = await read<SharedSecret>({ tenant, id }, SECRETS, tool.secretRef.name, { world, client });
    const found = tokenIn(secret, tool, namespace);
    if (found.kind === 'Token') tokens.set(tool, found.token);
    else problems.push(found.problem);
  }
  if (sealing.kind === 'Missing') {
    await projector.erase(key);
    return [...problems, { reason: 'RuntimeSecretMissing', message: unsealed(tools, sealing.message) }];
  }
  await projector.put(key, sealedTokens(id, tokens, sealing.secret));
  return problems;
}

async function projectKnowledge(
  subject: Subject,
  { world, client, projector }: ReferencesMeans,
): Promise<readonly Problem[]> {
  const { tenant, id } = subject;
  const key = projectionKeys.tenantKnowledge(id);
  const names = tenant.spec.knowledgeFrom.map(({ name }) => name);
  if (names.length === 0) {
    await projector.erase(key);
    return [];
  }
  const named: NamedConfigMap[] = [];
  for (const name of names) {
    named.push([name, await read<ConfigMap>(subject, CONFIG_MAPS, name, { world, client })]);
  }
  const { articles, problems } = knowledgeIn(named, tenantNamespace(tenant.metadata.name));
  await projector.put(key, { schemaVersion: 1, tenantID: id, articles } satisfies TenantKnowledge);
  return problems;
}

function unsealed(tools: ReturnType<typeof toolsWithToken>, why: string): string {
  const fields = tools.map(({ name }) => `spec.tools[${name}].secretRef`).join(', ');
  return `${fields}: the token cannot be sealed, and the tool is not offered on calls. ${why}`;
}

/** An object of this name in the Tenant's own namespace. In one that is not its own nothing is its own. */
async function read<T extends KubeObject>(
  { tenant, id }: Subject,
  resource: Resource,
  name: string,
  { world, client }: Pick<ReferencesMeans, 'world' | 'client'>,
): Promise<T | undefined> {
  const { name: tenantName } = tenant.metadata;
  if (!world.hasHome({ name: tenantName, id })) return undefined;
  return client.get<T>(resource, { namespace: tenantNamespace(tenantName), name });
}
