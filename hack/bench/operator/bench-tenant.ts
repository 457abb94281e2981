import { createHash } from 'node:crypto';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { uuidV5 } from '#lib/ids/uuid-v5.ts';

/** Any UUID will do; a fixed one gives each tenant the same id in every run. */
const ID_NAMESPACE = '3f0d1f0e-52a1-4cc1-9d6c-0f6f5f1f7a10';
/** The size of a spec as JSON. */
const SPEC_BYTES = 8_192;
const ARTICLE_BYTES = 1_000;
/** Words to write texts from, so that they compress no better than those of people. */
const WORDS = (
  'we are open on weekdays from nine until six and take messages at other times please ask about parking ' +
  'behind the building entrance ramp lift third floor appointment cancel reschedule notice fee insurance ' +
  'accepted provider invoice payment card cash transfer delivery pickup warranty repair estimate quote ' +
  'emergency plumber dentist lawyer salon clinic office manager reception holiday closed january march'
).split(' ');

const BENCH_TIME_ZONE = 'America/Chicago';

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
    spec: { ...spec, knowledge: knowledgeOf(name, SPEC_BYTES - JSON.stringify(spec).length) },
  };
}

/** Articles that take `bytes` as JSON together. */
function knowledgeOf(name: string, bytes: number): { readonly title: string; readonly text: string }[] {
  const articles: { readonly title: string; readonly text: string }[] = [];
  // The field's name and brackets, then each article's own frame.
  for (let left = bytes - '"knowledge":[],'.length; left > 100; left -= ARTICLE_BYTES) {
    const title = `Article ${articles.length + 1}`;
    const frame = JSON.stringify({ title, text: '' }).length + 1;
    const length = Math.min(left, ARTICLE_BYTES) - frame;
    articles.push({ title, text: proseOf(`${name} ${title}`, length) });
  }
  return articles;
}

/** Words in an order of their own for each `key`, the same in every run. */
function proseOf(key: string, length: number): string {
  const bytes = createHash('shake256', { outputLength: length }).update(key).digest();
  let text = '';
  for (const byte of bytes) {
    if (text.length >= length) break;
    text += `${WORDS[byte % WORDS.length]} `;
  }
  return text.slice(0, length);
}
