import { z } from 'zod';
import { namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { objectName, text } from '../schema/scalars.ts';

/** All knowledge of a tenant together, in characters. */
const MAX_KNOWLEDGE_CHARACTERS = 16_384;

const articleSchema = z.object({
  title: text(100).describe('What the entry is about, such as Parking or Prices.'),
  text: text(8_192).describe(
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
    name: objectName().describe("The name of a ConfigMap in the tenant's namespace; each key is a title."),
  }),
  { keys: ['name'], max: 4 },
);
