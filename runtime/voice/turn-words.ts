/** Words by which a caller's turn sounds unfinished or finished, for each language that has any. */
export interface TurnWords {
  /** After which a sentence goes on: articles, conjunctions, prepositions, auxiliaries, subjects. */
  readonly open: ReadonlySet<string>;
  /** Words and phrases with which something begins that is still to come, where nothing else was said. */
  readonly opening: ReadonlySet<string>;
  /** Answers that stand alone. */
  readonly whole: ReadonlySet<string>;
  /** With which answers end that have all they need. */
  readonly polite: readonly string[];
  /** Absent where the end of a sentence cannot be told that way: German keeps a part of its verb for it. */
  readonly sentences?: Sentences;
}

/** Words that show how a sentence is built. */
export interface Sentences {
  /** Of which each is a verb, or begins with one. */
  readonly verbs: ReadonlySet<string>;
  /** After which the verb comes. */
  readonly subjects: ReadonlySet<string>;
  /** With which it is said for what, where, when or why. */
  readonly linking: ReadonlySet<string>;
  /** Of which each begins another sentence within the first. */
  readonly joining: ReadonlySet<string>;
  /** Which say so by themselves, or end a sentence. */
  readonly ending: ReadonlySet<string>;
  /** Behind what verbs are told by, that are none of `verbs`; absent where endings do not tell. */
  readonly inflections?: Inflections;
}

/** Endings of verbs. Words at the beginning of a sentence, or behind an article, have them for other reasons. */
export interface Inflections {
  /** "Stopped", "blocked". */
  readonly past: RegExp;
  /** "Loses": also that of many things, of which the language puts one before others, as in "car keys", and never many. */
  readonly present: RegExp;
}

/** By the language's two letters. Words that may as well end a sentence ("that is it", "I do", "come in") are not open. */
export const TURN_WORDS: Readonly<Record<string, TurnWords>> = {
  en: {
    open: words(`
      a an the my your our their every
      and or but so because if when while whether than as who which
      with to for of at from into by about between until since in on near like that dot
      i i'm i'd i've i'll we we're we'd we've we'll they he she it's there's
      am is are was were will would could should have has had need want
    `),
    opening: new Set([
      ...words('well hello hi hey okay ok also maybe perhaps actually'),
      'good morning',
      'good afternoon',
      'good evening',
      'i think',
      'i guess',
      'i suppose',
      'let me see',
      'let me think',
      "i'm calling",
      'i am calling',
    ]),
    whole: new Set([
      'yes',
      'no',
      'yeah',
      'nope',
      'yes please',
      'yes it is',
      'yes that is',
      'yes i am',
      'yes i do',
      'yes i have',
      'yes we are',
      'yes we have',
      'no i am not',
      'no it is not',
      "no it isn't",
      'no thanks',
      'no thank you',
      'correct',
      "that's right",
      'that is right',
      'that is correct',
      "that's correct",
      "that's all",
      'that is all',
      'no that is all',
      "no that's all",
      "that's it",
      'goodbye',
      'bye',
    ]),
    polite: ['please', 'thanks', 'thank you'],
    sentences: {
      verbs: words(`
        am is are was were be been have has had do does did can could will would should must may might need needs want wants
        isn't aren't wasn't weren't haven't hasn't hadn't don't doesn't didn't can't cannot couldn't won't wouldn't shouldn't
        i'm you're he's she's it's we're they're that's there's who's i've you've we've they've i'd you'd we'd i'll we'll
      `),
      subjects: words('i you he she it we they somebody someone nobody who'),
      linking: words(`
        for from at in on with without about by after before since until till during near under over behind through between
        into onto inside outside above below across
        because so when while if although but
      `),
      joining: words('because so when while if although but'),
      inflections: { past: /\p{L}{2}[^e]ed$/u, present: /[^isu]s$/ },
      ending: words('please thanks today tomorrow yesterday tonight now again anymore too soon'),
    },
  },
  es: {
    open: words(`
      el la los las un una unos unas mi su nuestro nuestra
      y o pero porque si cuando que como
      con para de del en a al por sin desde hasta sobre entre punto arroba
      yo es soy estoy está tengo quiero quisiera necesito quería
    `),
    opening: new Set([...words('hola bueno pues mire quizás'), 'buenos días', 'buenas tardes', 'creo que']),
    whole: new Set([
      'sí',
      'si',
      'no',
      'sí por favor',
      'no gracias',
      'correcto',
      'eso es',
      'eso es todo',
      'adiós',
    ]),
    polite: ['por favor', 'gracias'],
    sentences: {
      verbs: words(`
        soy es somos son estoy está estamos están tengo tiene tenemos tienen hay he ha hemos han quiero quiere queremos
        quisiera necesito necesita necesitamos puedo puede podemos pueden podría quería querría gustaría hace funciona
      `),
      subjects: new Set(),
      linking: words('para con sin desde hasta sobre por en porque cuando mientras si pero'),
      joining: words('porque cuando mientras si pero'),
      ending: words('favor gracias hoy mañana ayer ahora pronto también'),
    },
  },
  fr: {
    open: words(`
      le la les un une des du mon ma mes notre votre
      et ou mais parce si quand que comme
      avec pour de en à au aux dans sur chez sans depuis point arobase
      je j'ai nous il elle est c'est suis voudrais aimerais
    `),
    opening: new Set([...words('bonjour allô alors bon peut-être'), 'je crois', 'je pense']),
    whole: new Set([
      'oui',
      'non',
      'oui merci',
      'non merci',
      "c'est ça",
      "c'est correct",
      "c'est tout",
      'au revoir',
    ]),
    polite: ["s'il vous plaît", 'merci'],
    sentences: {
      verbs: words(`
        suis est sommes êtes sont ai as avons avez ont voudrais voudrait aimerais aimerait veux veut voulons peux peut pouvez
        pourriez pourrais faut faudrait fait marche c'est j'ai j'aimerais n'ai n'est n'a n'avons
      `),
      subjects: words('je nous il elle on ils elles ça'),
      linking: words('pour avec sans depuis sur chez dans par après avant pendant parce car si quand mais'),
      joining: words('parce car si quand mais'),
      ending: words("plaît merci demain aujourd'hui hier maintenant bientôt aussi"),
    },
  },
  de: {
    open: words(`
      der die das den dem des ein eine einen einem einer mein meine meinen unser unsere ihr ihre
      und oder aber weil dass wenn ob als wie
      mit für von vom zu zum zur an am in im auf bei nach seit um punkt
      ich wir er ist bin war habe hätte möchte würde brauche
    `),
    opening: new Set([...words('hallo also vielleicht'), 'guten tag', 'guten morgen', 'ich glaube']),
    whole: new Set([
      'ja',
      'nein',
      'ja bitte',
      'nein danke',
      'richtig',
      'stimmt',
      'genau',
      'das ist alles',
      'das war alles',
      'auf wiederhören',
      'tschüss',
    ]),
    polite: ['bitte', 'danke'],
  },
};

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
