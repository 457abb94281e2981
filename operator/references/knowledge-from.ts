import type { TenantKnowledge } from '#crds/projection/tenant-knowledge.ts';
import {
  MAX_ARTICLE_CHARACTERS,
  MAX_KNOWLEDGE_FROM_CHARACTERS,
  MAX_TITLE_CHARACTERS,
} from '#crds/tenant/knowledge.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Problem } from './problem.ts';

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** A ConfigMap that a Tenant names; undefined where there is none. */
export type NamedConfigMap = readonly [name: string, configMap: ConfigMap | undefined];

type Article = TenantKnowledge['articles'][number];

/**
 * What a Tenant's ConfigMaps tell, in the order in which its spec names them, and what is wrong with those that are
 * left out. One is taken whole or not at all: half of a price list would be worse than none.
 */
export function knowledgeIn(
  named: readonly NamedConfigMap[],
  namespace: string,
): { readonly articles: readonly Article[]; readonly problems: readonly Problem[] } {
  const articles: Article[] = [];
  const problems: Problem[] = [];
  let characters = 0;
  for (const [name, configMap] of named) {
    const found = articlesIn(configMap);
    const size = found.reduce((sum, { title, text }) => sum + title.length + text.length, 0);
    const wrong = wrongWith(configMap, { name, namespace, found, total: characters + size });
    if (wrong !== undefined) {
      problems.push(wrong);
      continue;
    }
    articles.push(...found);
    characters += size;
  }
  return { articles, problems };
}

function wrongWith(
  configMap: ConfigMap | undefined,
  of: { name: string; namespace: string; found: readonly Article[]; total: number },
): Problem | undefined {
  const { name, namespace, found, total } = of;
  const problem = (reason: Problem['reason'], what: string): Problem => ({
    reason,
    message: `spec.knowledgeFrom[${name}]: ${what} Until then callers are told nothing of it.`,
  });
  if (configMap === undefined) {
    return problem('ConfigMapNotFound', `there is no ConfigMap ${name} in ${namespace}. Make it.`);
  }
  const long = found.find(({ text }) => text.length > MAX_ARTICLE_CHARACTERS);
  if (long !== undefined) {
    const most = `one may have ${MAX_ARTICLE_CHARACTERS}. Divide it into several keys.`;
    return problem('KnowledgeTooLarge', `“${long.title}” has ${long.text.length} characters, and ${most}`);
  }
  if (total <= MAX_KNOWLEDGE_FROM_CHARACTERS) return undefined;
  const most = `may have ${MAX_KNOWLEDGE_FROM_CHARACTERS}. Shorten them.`;
  return problem(
    'KnowledgeTooLarge',
    `with it all ConfigMaps together have ${total} characters, and ${most}`,
  );
}

/** By the names of their keys, so that the same ConfigMap always reads alike. */
function articlesIn(configMap: ConfigMap | undefined): readonly Article[] {
  return Object.entries(configMap?.data ?? {})
    .map(([key, text]) => ({ title: titleOf(key), text: text.trim() }))
    .filter(({ text }) => text !== '')
    .toSorted((a, b) => (a.title < b.title ? -1 : 1));
}

/** Keys of a ConfigMap hold no spaces, and are names of files where it is made of such. */
function titleOf(key: string): string {
  const name = key.replace(/\.(md|txt)$/i, '');
  return (
    name
      .replace(/[-_.]+/g, ' ')
      .trim()
      .slice(0, MAX_TITLE_CHARACTERS) || key
  );
}
