import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { uuidV5 } from '#lib/ids/uuid-v5.ts';

/** Any UUID will do; a fixed one gives each tenant the same id in every run. */
const ID_NAMESPACE = '3f0d1f0e-52a1-4cc1-9d6c-0f6f5f1f7a10';
/** The size of a spec as JSON. */
const SPEC_BYTES = 8_192;
const ARTICLE_BYTES = 1_000;
const SENTENCE = 'We are open on weekdays and gladly take a message when nobody is at the desk. ';

export const BENCH_TIME_ZONE = 'America/Chicago';

export function benchTenantName(index: number): string {
  return `bench-${String(index).padStart(5, '0')}`;
}

/** The manifest of a Tenant whose spec has 8 KiB: the default workflows, and knowledge for the rest. */
export function benchTenant(name: string) {
  const spec = {
    tenantID: uuidV5(ID_NAMESPACE, name),
    displayName: `Company ${name}`,
    contact: { name: 'Jane Smith', email: `${name}@example.com` },
    timeZone: BENCH_TIME_ZONE,
    plan: 'Professional',
    billing: 'Manual',
    runtimeRef: { namespace: 'veralux-system', name: 'shared' },
    workflows: defaultWorkflows,
  };
  return {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: { name },
    spec: { ...spec, knowledge: knowledgeOf(SPEC_BYTES - JSON.stringify(spec).length) },
  };
}

/** Articles that take `bytes` as JSON together. */
function knowledgeOf(bytes: number): { readonly title: string; readonly text: string }[] {
  const articles: { readonly title: string; readonly text: string }[] = [];
  // The field's name and brackets, then each article's own frame.
  for (let left = bytes - '"knowledge":[],'.length; left > 100; left -= ARTICLE_BYTES) {
    const title = `Article ${articles.length + 1}`;
    const frame = JSON.stringify({ title, text: '' }).length + 1;
    const length = Math.min(left, ARTICLE_BYTES) - frame;
    articles.push({ title, text: SENTENCE.repeat(Math.ceil(length / SENTENCE.length)).slice(0, length) });
  }
  return articles;
}
