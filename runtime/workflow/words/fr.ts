import type { LanguageWords, NumberWords } from './language-words.ts';

const SMALL =
  'zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize'.split(' ');
const TEENS = ['dix sept', 'dix huit', 'dix neuf'];
const BELOW_TWENTY = [...SMALL, ...TEENS];
const TENS = 'vingt trente quarante cinquante soixante'.split(' ');
const ORDINALS =
  'premier deuxieme troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme'.split(' ');

/** "Vingt et un", "trente-deux"; sixty and eighty count on to nineteen. */
function compounds(ten: string, value: number, upTo: number): (readonly [string, number])[] {
  return BELOW_TWENTY.slice(1, upTo).flatMap((word, below) => {
    const sum = value + below + 1;
    return [[`${ten} ${word}`, sum] as const, [`${ten} et ${word}`, sum] as const];
  });
}

const NUMBERS: NumberWords = {
  cardinals: new Map([
    ...BELOW_TWENTY.map((word, value) => [word, value] as const),
    ...TENS.flatMap((ten, index) => {
      const value = (index + 2) * 10;
      return [[ten, value] as const, ...compounds(ten, value, value === 60 ? 20 : 10)];
    }),
    ['quatre vingt', 80],
    ['quatre vingts', 80],
    ...compounds('quatre vingt', 80, 20),
    ['septante', 70],
    ...compounds('septante', 70, 10),
    ['huitante', 80],
    ...compounds('huitante', 80, 10),
    ['nonante', 90],
    ...compounds('nonante', 90, 10),
    ['une', 1],
  ]),
  ordinals: new Map([
    ...ORDINALS.map((word, index) => [word, index + 1] as const),
    ['premiere', 1],
    ['second', 2],
    ['seconde', 2],
  ]),
  digits: SMALL.slice(0, 10).map((word) => (word === 'zero' ? 'zéro' : word)),
  hundred: new Set(['cent', 'cents']),
  thousand: new Set(['mille']),
  repeats: new Map([
    ['double', 2],
    ['triple', 3],
  ]),
  homophones: new Map(),
};

export const FRENCH: LanguageWords = {
  numbers: NUMBERS,
  fillers: /^(?:(?:euh|heu|ben|bon|ah|oh|hm|alors|voila|eh bien)\b ?)+/,
  yes: /^(?:oui|ouais|si|c'est (?:ca|correct|exact|juste|bien ca|bon)|exact|exactement|correct|tout a fait|d'accord|bien sur|parfait|volontiers|ok)\b/,
  no: /^(?:non|pas (?:du tout|exactement|tout a fait)|ce n'est pas|c'est (?:faux|pas)|faux|incorrect)\b/,
  done: /^(?:(?:non|et|bon|voila|oui|merci|je crois que|d'accord) ?)*(?:c'est tout|ce sera tout|rien(?: d'autre| de plus)?|j'ai (?:fini|termine)|non(?: merci)?)(?: (?:merci|au revoir|beaucoup|pour l'instant))*$/,
  name: {
    leadIn:
      /^(?:(?:oui|bonjour|bonsoir|salut|euh|alors|non|pardon|bien s[uû]r|eh bien)(?=[\s,.!]|$)[\s,.!]*|(?:je m'appelle|je suis|mon nom(?: complet)? est|mon nom c'est|moi c'est|c'est|ici)(?:\s+|$))/i,
    after:
      /(?:[,.!?;](?=\s|$)|\s+(?:et|j'appelle|je|merci|s'il|mon|pour|vous|au|à l'appareil|rappelez)(?=\s|$)).*$/i,
    particles: new Set('de du des la le d van von'.split(' ')),
    notAName:
      /^(?:que|quel|quelle|quels|quelles|quand|ou|qui|pourquoi|comment|combien|est-ce|est ce|puis-je|avez|pouvez|je|il|la|le|un|une|non|pas)\b/,
  },
  email: {
    leadIn:
      /^.*?\b(?:(?:adresse|e-?mail|mail|courriel)(?: (?:e-?mail|mail|electronique))?(?: (?:est|c'est))?|c'est)\s+/,
    at: /\s*\b(?:arobase|arrobase|at|chez)\b\s*/g,
    dot: /\s*\bpoint\b\s*/g,
    underscore: /\s*\b(?:tiret bas|underscore|souligne)\b\s*/g,
    dash: /\s*\b(?:tiret(?: du six)?|trait d'union|moins)\b\s*/g,
    plus: /\s*\bplus\b\s*/g,
    spelling: /\b([a-z])\s+comme\s+[a-z]+\b/g,
    noise: /\b(?:tout attache|en un mot|minuscules?|en minuscules?|s'il vous plait|merci)\b/g,
    spoken: { '@': 'arobase', '.': 'point', _: 'tiret bas', '-': 'tiret', '+': 'plus' },
  },
  ownNumber:
    /\b(?:ce numero|le (?:meme )?numero (?:avec lequel|d'ou|duquel|dont|que) (?:j'appelle|je vous appelle|j'utilise)|celui (?:avec lequel|d'ou) (?:j'appelle|je vous appelle)|meme numero|numero qui s'affiche)\b/,
  plus: /^(?:.*\s)?plus$/,
  dates: {
    relative: [
      [/\bapres[ -]demain\b/, 2],
      [/\bdemain\b/, 1],
      [/\b(?:aujourd'? ?hui|ce (?:matin|soir)|cet apres[ -]midi|des que possible)\b/, 0],
    ],
    later: /\bdans (?<n>\d+|un|une) (?<unit>jour|semaine|mois)s?\b/,
    units: { j: 'days', s: 'weeks', m: 'months' },
    next: /\bprochaine?\b/,
    dayAlone: /\ble (?<d>\d{1,2})\b/,
    of: '(?:er)? ',
  },
  times: {
    about: /\b(?:vers|environ|autour|a peu pres|plus ou moins)\b/,
    noon: /\bmidi\b(?! et)/,
    midnight: /\bminuit\b/,
    morning: /\b(?:am|du matin|matin)\b/,
    afternoon: /\b(?:pm|de l'apres[ -]midi|du soir|soir|apres[ -]midi)\b/,
    patterns: [
      [/\bmidi et demie?\b/, 12 * 60 + 30],
      [/\b(?<h>\d{1,2}) ?(?:heures?|h) et demie?\b/, 30],
      [/\b(?<h>\d{1,2}) ?(?:heures?|h) et quart\b/, 15],
      [/\b(?<h>\d{1,2}) ?(?:heures?|h) moins le quart\b/, -15],
      [/\b(?<h>\d{1,2}) ?(?:heures?|h) moins (?<back>\d{1,2})\b/, 0],
      [/\b(?<h>\d{1,2}) ?(?:heures? ?|h ?|:)(?<m>[0-5]?\d)\b/, 0],
      [/\b(?<h>\d{1,2}) ?(?:heures?|h)\b/, 0],
    ],
  },
};
