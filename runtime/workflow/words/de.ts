import type { LanguageWords, NumberWords } from './language-words.ts';

const SMALL =
  'null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn'.split(
    ' ',
  );
const TENS = 'zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig'.split(' ');
const ORDINALS =
  'erste zweite dritte vierte funfte sechste siebte achte neunte zehnte elfte zwolfte dreizehnte vierzehnte funfzehnte sechzehnte siebzehnte achtzehnte neunzehnte'.split(
    ' ',
  );
const ENDINGS = ['', 'n', 'r', 's'];

function declined(ordinal: string, value: number): (readonly [string, number])[] {
  return ENDINGS.map((ending) => [`${ordinal}${ending}`, value] as const);
}

/** "Einundzwanzig" is one word, or three to some recognisers. */
function compounds(ten: string, value: number): (readonly [string, number])[] {
  return SMALL.slice(1, 10).flatMap((word, below) => {
    const unit = word === 'eins' ? 'ein' : word;
    const sum = value + below + 1;
    return [[`${unit}und${ten}`, sum] as const, [`${unit} und ${ten}`, sum] as const];
  });
}

const CARDINALS = new Map<string, number>([
  ...SMALL.map((word, value) => [word, value] as const),
  ...TENS.flatMap((ten, index) => {
    const value = (index + 2) * 10;
    return [[ten, value] as const, ...compounds(ten, value)];
  }),
  ['zwo', 2],
  ['ein', 1],
  ['eine', 1],
  ['einem', 1],
  ['einer', 1],
]);

const NUMBERS: NumberWords = {
  cardinals: CARDINALS,
  ordinals: new Map([
    ...ORDINALS.flatMap((word, index) => declined(word, index + 1)),
    ...[...CARDINALS]
      .filter(([word, value]) => value >= 20 && value <= 31 && !word.includes(' '))
      .flatMap(([word, value]) => declined(`${word}ste`, value)),
  ]),
  digits: SMALL.slice(0, 10).map((word) => (word === 'funf' ? 'fünf' : word)),
  hundred: new Set(['hundert']),
  thousand: new Set(['tausend']),
  repeats: new Map([
    ['doppel', 2],
    ['zweimal', 2],
    ['dreimal', 3],
  ]),
  homophones: new Map(),
};

export const GERMAN: LanguageWords = {
  numbers: NUMBERS,
  fillers: /^(?:(?:ah|ahm|eh|ehm|oh|hm|mh|also|na|tja|naja|nun)\b ?)+/,
  yes: /^(?:ja|jawohl|jep|richtig|genau|korrekt|stimmt|das (?:stimmt|ist richtig|passt)|passt|gerne?|natuerlich|naturlich|sicher|klar|in ordnung|okay|ok|perfekt|bitte)\b/,
  no: /^(?:nein|nee|ne|falsch|nicht (?:ganz|richtig)|das (?:stimmt nicht|ist (?:falsch|nicht))|stimmt nicht)\b/,
  done: /^(?:(?:nein|und|gut|ja|danke|ich glaube|okay) ?)*(?:das (?:ist|war|ware) (?:alles|es)|das war'?s|nichts(?: mehr| weiter)?|ich bin fertig|fertig|nein(?: danke)?)(?: (?:danke|tschuss|vielen dank|auf wiederhoren))*$/,
  name: {
    leadIn:
      /^(?:(?:ja|hallo|guten tag|guten morgen|guten abend|grüß gott|gruss gott|moin|äh|ähm|also|nein|entschuldigung|gerne)(?=[\s,.!]|$)[\s,.!]*|(?:mein name(?:n)? ist|ich hei(?:ß|ss)e|der name ist|ich bin|hier (?:ist|spricht)|das ist|es ist|mein name)(?:\s+|$))/i,
    after:
      /(?:[,.!?;](?=\s|$)|\s+(?:und|ich|am apparat|danke|bitte|meine|mein|sie|wegen|rufen|unter|hier)(?=\s|$)).*$/i,
    particles: new Set('von van der den de zu zur vom la le di'.split(' ')),
    notAName:
      /^(?:was|wann|wo|wer|warum|wie|welche|welcher|kann|konnen|haben|gibt|ist|sind|ich|wir|die|das|nicht|kein)\b/,
  },
  email: {
    leadIn:
      /^.*?\b(?:(?:e-?mail|mail)(?:-?adresse)?(?: (?:ist|lautet))?|adresse(?: (?:ist|lautet))?|das ist)\s+/,
    at: /\s*\b(?:at|et|klammeraffe)\b\s*/g,
    dot: /\s*\bpunkt\b\s*/g,
    underscore: /\s*\bunterstrich\b\s*/g,
    dash: /\s*\b(?:bindestrich|minus|strich)\b\s*/g,
    plus: /\s*\bplus\b\s*/g,
    spelling: /\b([a-z])\s+wie\s+[a-z]+\b/g,
    noise: /\b(?:alles (?:zusammen|klein(?:geschrieben)?)|kleingeschrieben|bitte|danke)\b/g,
    spoken: { '@': 'ät', '.': 'Punkt', _: 'Unterstrich', '-': 'Bindestrich', '+': 'Plus' },
  },
  ownNumber:
    /\b(?:diese(?:r|lbe)? (?:nummer|rufnummer|telefonnummer)|die(?:selbe)? (?:nummer|von der),? (?:von der|mit der) ich (?:anrufe|gerade anrufe)|unter dieser nummer|von der ich (?:gerade )?anrufe|gleiche nummer)\b/,
  plus: /^(?:.*\s)?plus$/,
  dates: {
    relative: [
      [/\bubermorgen\b/, 2],
      [/(?<!\b(?:am|diesen|guten) )\bmorgen\b/, 1],
      [/\b(?:heute|so bald wie moglich)\b/, 0],
    ],
    later: /\bin (?<n>\d+|einem|einer) (?<unit>tag|woche|monat)(?:en?)?\b/,
    units: { t: 'days', w: 'weeks', m: 'months' },
    next: /\b(?:nachste[nrsm]?|kommende[nrsm]?)\b/,
    dayAlone: /\b(?:am|der|den|dem) (?<d>\d{1,2})(?:\.|\b)/,
    of: '\\.? ?(?:tag )?(?:im )?',
  },
  times: {
    about: /\b(?:gegen|ungefahr|etwa|circa|rund|so um)\b/,
    noon: /\b(?:mittags?|um 12 uhr mittags)\b/,
    midnight: /\bmitternacht\b/,
    morning: /\b(?:morgens|vormittags?|fruh)\b/,
    afternoon: /\b(?:nachmittags?|abends?)\b/,
    patterns: [
      [/\bhalb (?<h>\d{1,2})\b/, -30],
      [/\bviertel nach (?<h>\d{1,2})\b/, 15],
      [/\b(?:viertel vor|dreiviertel) (?<h>\d{1,2})\b/, -15],
      [/\b(?<m>\d{1,2})(?: minuten)? nach (?<h>\d{1,2})\b/, 0],
      [/\b(?<back>\d{1,2})(?: minuten)? vor (?<h>\d{1,2})\b/, 0],
      [/\b(?<h>\d{1,2}) ?(?:uhr |:|\.)(?<m>[0-5]?\d)\b/, 0],
      [/\b(?<h>\d{1,2}) ?uhr\b/, 0],
      [/\b(?:um|gegen|ab) (?<h>\d{1,2})\b/, 0],
    ],
  },
};
