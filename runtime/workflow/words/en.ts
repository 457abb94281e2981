import type { LanguageWords, NumberWords } from './language-words.ts';

const UNITS = 'zero one two three four five six seven eight nine'.split(' ');
const TEENS = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const FIRST =
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth'.split(
    ' ',
  );

const NUMBERS: NumberWords = {
  cardinals: new Map([
    ...[...UNITS, ...TEENS].map((word, value) => [word, value] as const),
    ...TENS.flatMap((ten, index) => {
      const value = (index + 2) * 10;
      const compounds = UNITS.slice(1).map((unit, below) => [`${ten} ${unit}`, value + below + 1] as const);
      return [[ten, value] as const, ...compounds];
    }),
    ['oh', 0],
    ['o', 0],
    ['nought', 0],
    ['niner', 9],
  ]),
  ordinals: new Map([
    ...FIRST.map((word, index) => [word, index + 1] as const),
    ...FIRST.slice(0, 9).map((word, index) => [`twenty ${word}`, index + 21] as const),
    ['thirtieth', 30],
    ['thirty first', 31],
  ]),
  digits: UNITS,
  hundred: new Set(['hundred']),
  thousand: new Set(['thousand']),
  repeats: new Map([
    ['double', 2],
    ['triple', 3],
    ['treble', 3],
  ]),
  homophones: new Map([
    ['won', '1'],
    ['to', '2'],
    ['too', '2'],
    ['for', '4'],
    ['fore', '4'],
    ['ate', '8'],
  ]),
};

export const ENGLISH: LanguageWords = {
  numbers: NUMBERS,
  fillers: /^(?:(?:uh|um|umm|hm|hmm|er|erm|ah|oh|well|so|okay|ok)\b ?)+/,
  yes: /^(?:yes|yeah|yep|yup|ya|sure|correct|right|exactly|absolutely|certainly|definitely|indeed|perfect|okay|ok|uh huh|mhm|mm hmm|of course|please do|that'?s (?:right|correct|it|fine|good)|that is (?:right|correct|it|fine|good)|it is|sounds (?:good|right)|looks (?:good|right)|you got it)\b/,
  no: /^(?:no|nope|nah|wrong|incorrect|not (?:quite|right|correct|really|exactly)|that'?s (?:not|wrong|incorrect)|that is (?:not|wrong|incorrect)|that isn'?t|it'?s (?:not|wrong)|it is (?:not|wrong)|it isn'?t)\b/,
  done: /^(?:(?:no|nope|okay|ok|and|so|well|yes|thanks|thank you|please|i think|i guess) ?)*(?:(?:that'?s|that is|that was|that will be|that'?ll be) (?:all|it|everything)|i'?m (?:done|finished|good)|i am (?:done|finished)|nothing(?: else| more)?|not(?:hing)? (?:right now|at the moment)|no(?:pe)?(?: thanks| thank you)?|end of message)(?: (?:thanks|thank you|for now|goodbye|bye|please|very much|so much))*$/,
  name: {
    leadIn:
      /^(?:(?:yes|yeah|sure|okay|ok|hi|hello|hey|well|um|uh|please|no|actually|sorry|good morning|good afternoon|good evening|of course)\b[\s,.!]*|(?:my (?:full |first |last )?name(?:'s| is)|(?:the|that) name is|name is|this is|it is|it's|its|i am|i'm|you can call me|call me|you are speaking (?:to|with)|speaking is)(?:\s+|$))/i,
    after:
      /(?:[,.!?;](?=\s|$)|\s+(?:and|calling|from|here|speaking|i'm|i am|i'd|i would|please|thank|thanks|my|call|you|at|on|with|about|but|not|reach|would|is|for)\b).*$/i,
    particles: new Set('van von de der den du la le da di del dos das al bin ibn ter ten zu'.split(' ')),
    notAName:
      /^(?:what|when|where|who|why|how|which|do|does|did|can|could|would|will|are|is|have|has|i|you|we|they|the|an|not|that|there|going|just|looking|trying|your|my)\b/,
  },
  email: {
    leadIn:
      /^.*?\b(?:(?:e ?-?mail|mail)(?: address)?(?: is|'s|:)|it is|it's|that is|that's|address is|it would be|write to)\s+/,
    at: /\s+at\s+(?:the\s+)?|\s*\(at\)\s*/g,
    dot: /\s*\b(?:dot|period|point)\b\s*/g,
    underscore: /\s*\bunder ?score\b\s*/g,
    dash: /\s*\b(?:dash|hyphen|minus)\b\s*/g,
    plus: /\s*\bplus(?: sign)?\b\s*/g,
    spelling: /\b([a-z])\s+(?:as in|like in|as|like|for)\s+[a-z]+\b/g,
    noise:
      /\b(?:all (?:in )?(?:one word|lower ?case|small letters)|lower ?case|upper ?case|capital|please|thanks|thank you|sign)\b/g,
    spoken: { '@': 'at', '.': 'dot', _: 'underscore', '-': 'dash', '+': 'plus' },
  },
  ownNumber:
    /\b(?:this (?:number|one|phone|line)|th(?:e|at) (?:same )?(?:number|one|phone|line) (?:that )?(?:i'?m|i am|i'?ve|i have|i) (?:just )?(?:call(?:ing|ed)?|us(?:e|ing|ed)|have)|same number|number you see|my (?:own |current )?number here|current number)\b/,
  plus: /^(?:.*\s)?plus$/,
  dates: {
    relative: [
      [/\bday after tomorrow\b/, 2],
      [/\btomorrow\b/, 1],
      [/\b(?:today|tonight|this (?:morning|afternoon|evening)|right away|as soon as possible)\b/, 0],
    ],
    later: /\b(?:in |)(?<n>\d+|a|an) (?<unit>day|week|month)s?(?: from| after|$|\b)/,
    units: { d: 'days', w: 'weeks', m: 'months' },
    next: /\bnext\b/,
    dayAlone: /\bthe (?<d>\d{1,2})(?:st|nd|rd|th)?\b/,
    of: '(?:st|nd|rd|th)?(?: day)?(?: of)?(?: the)? ',
  },
  times: {
    about: /\b(?:around|about|roughly|approximately|some ?time|ish|or so)\b/,
    noon: /\b(?:noon|midday|lunch ?time)\b/,
    midnight: /\bmidnight\b/,
    morning: /\b(?:am|morning)\b/,
    afternoon: /\b(?:pm|afternoon|evening|tonight|at night)\b/,
    patterns: [
      [/\bhalf past (?<h>\d{1,2})\b/, 30],
      [/\b(?:a )?quarter (?:past|after) (?<h>\d{1,2})\b/, 15],
      [/\b(?:a )?quarter (?:to|of|till) (?<h>\d{1,2})\b/, -15],
      [/\b(?<m>\d{1,2})(?: minutes?)? (?:past|after) (?<h>\d{1,2})\b/, 0],
      [/\b(?<back>\d{1,2})(?: minutes?)? (?:to|till) (?<h>\d{1,2})\b/, 0],
      [/\b(?<h>\d{1,2})(?: o'? ?clock)?[: .](?<m>[0-5]\d)\b/, 0],
      [/\b(?<h>\d{1,2})(?: o'? ?clock| ?(?=[ap]m\b))/, 0],
      [/\b(?:at|around|about|by) (?<h>\d{1,2})\b(?! ?(?:st|nd|rd|th))/, 0],
      [/\b(?<h>\d{1,2}) (?:in the|at night)/, 0],
    ],
  },
};
