import { z } from 'zod';
import { namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { objectName, text } from '../schema/scalars.ts';

/** All knowledge in a Tenant together, in characters; also what a language model is told of it at once. */
export const MAX_KNOWLEDGE_CHARACTERS = 16_384;
/** All of its ConfigMaps together: what is searched for a caller's question in some milliseconds. */
export const MAX_KNOWLEDGE_FROM_CHARACTERS = 65_536;
export const MAX_TITLE_CHARACTERS = 100;
export const MAX_ARTICLE_CHARACTERS = 8_192;

const articleSchema = z.object({
  title: text(MAX_TITLE_CHARACTERS).describe('What the entry is about, such as Parking or Prices.'),
  text: text(MAX_ARTICLE_CHARACTERS).describe(
    'The facts, in plain sentences as they could be spoken, such as: Parking is free behind the house.',
  ),
});

export const knowledgeSchema = withRules(namedList(articleSchema, { keys: ['title'], max: 40 }), [
  {
    cel: `self.map(article, size(article.title) + size(article.text)).sum() <= ${MAX_KNOWLEDGE_CHARACTERS}`,
    message: `all titles and texts together may have ${MAX_KNOWLEDGE_CHARACTERS} characters; put more into a ConfigMap and name it in knowledgeFrom`,
    holds: (articles) =>
      articles.reduce((sum, article) => sum + article.title.length + article.text.length, 0) <=
      MAX_KNOWLEDGE_CHARACTERS,
  },
]);

export const knowledgeFromSchema = namedList(
  z.object({
    name: objectName().describe(
      "The name of a ConfigMap in the tenant's namespace. Each key is a title, such as opening-hours or parking.md, and its value at most 8192 characters of facts; all ConfigMaps together may have 65536.",
    ),
  }),
  { keys: ['name'], max: 4 },
);
