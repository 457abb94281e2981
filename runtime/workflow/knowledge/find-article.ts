import { stemmer as englishStem } from '@orama/stemmers/english';
import { stemmer as frenchStem } from '@orama/stemmers/french';
import { stemmer as germanStem } from '@orama/stemmers/german';
import { stemmer as spanishStem } from '@orama/stemmers/spanish';
import { stopwords as englishStops } from '@orama/stopwords/english';
import { stopwords as frenchStops } from '@orama/stopwords/french';
import { stopwords as germanStops } from '@orama/stopwords/german';
import { stopwords as spanishStops } from '@orama/stopwords/spanish';
import MiniSearch from 'minisearch';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';

type Article = TenantProfile['knowledge'][number];

/** The title says what an article is about. */
const TITLE_BOOST = 3;
/** Of a question's own words, so many must be in the article: else it is about something else. */
const MIN_SHARE = 0.5;

/**
 * The article that answers a question best, by the words they share, their inflection aside; undefined where
 * none is about it. A tenant's knowledge is 80 KB at most: it is indexed for the question in some milliseconds.
 */
export function findArticle(
  question: string,
  knowledge: readonly Article[],
  language: Language,
): Article | undefined {
  const terms = termsOf(question, language);
  if (terms.length === 0 || knowledge.length === 0) return undefined;
  const index = new MiniSearch<Article & { id: number }>({
    fields: ['title', 'text'],
    tokenize: (text) => termsOf(text, language),
    processTerm: (term) => term,
  });
  index.addAll(knowledge.map((article, id) => ({ ...article, id })));
  const [best] = index.search(terms.join(' '), {
    boost: { title: TITLE_BOOST },
    tokenize: (text) => text.split(' '),
    fuzzy: (term) => (term.length >= FUZZY_FROM ? 1 : false),
  });
  if (!best || new Set(best.queryTerms).size < terms.length * MIN_SHARE) return undefined;
  return knowledge[best.id as number];
}

/** A recogniser's slip in a long word is forgiven. */
const FUZZY_FROM = 7;

/** The words that matter, as their stems, each once. */
function termsOf(text: string, language: Language): string[] {
  const { stem, stops } = TOOLS[language];
  const words = plainText(text).split(/[\s'+@]+/);
  return [...new Set(words.filter((word) => word.length > 1 && !stops.has(word)).map(stem))];
}

interface Tools {
  readonly stem: (word: string) => string;
  readonly stops: ReadonlySet<string>;
}

/** Words of questions and of politeness say nothing about their subject. */
const ASKING: Readonly<Record<Language, string>> = {
  en: 'tell know please like want need can could would get hello hi thanks offer do does have is there long much many',
  es: 'decir saber favor quiero quisiera puede pueden puedo gracias hola tienen hay cuanto cual',
  fr: 'dire savoir plait veux voudrais peut pouvez puis merci bonjour avez quel quelle combien est-ce',
  de: 'sagen wissen bitte mochte will kann konnen danke hallo haben gibt welche wie lange viel',
};

const TOOLS: Readonly<Record<Language, Tools>> = {
  en: { stem: englishStem, stops: stopsOf(englishStops, 'en') },
  es: { stem: spanishStem, stops: stopsOf(spanishStops, 'es') },
  fr: { stem: frenchStem, stops: stopsOf(frenchStops, 'fr') },
  de: { stem: germanStem, stops: stopsOf(germanStops, 'de') },
};

function stopsOf(stopwords: readonly string[], language: Language): ReadonlySet<string> {
  return new Set([...stopwords, ...ASKING[language].split(' ')].map((word) => plainText(word)));
}
