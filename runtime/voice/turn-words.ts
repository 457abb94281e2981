/** Words by which a caller's turn sounds unfinished or finished, for each language that has any. */
export interface TurnWords {
  /** After which a sentence goes on: articles, conjunctions, prepositions, auxiliaries, subjects. */
  readonly open: ReadonlySet<string>;
  /** With which something begins that is still to come, where nothing else was said. */
  readonly opening: ReadonlySet<string>;
  /** Answers that stand alone. */
  readonly whole: ReadonlySet<string>;
}

/** By the language's two letters. Words that may as well end a sentence ("that is it", "I do", "come in") are not open. */
export const TURN_WORDS: Readonly<Record<string, TurnWords>> = {
  en: {
    open: words(`
      a an the my your our their every
      and or but so because if when while whether than as who which
      with to for of at from into by about between until since in on near like that dot
      i i'm i'd i've i'll we we're we'd we've we'll they he she it's there's
      is are was were will would could should have has had need want
    `),
    opening: words('well hello hi hey okay ok also maybe perhaps actually'),
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
  },
  es: {
    open: words(`
      el la los las un una unos unas mi su nuestro nuestra
      y o pero porque si cuando que como
      con para de del en a al por sin desde hasta sobre entre punto arroba
      yo es soy estoy está tengo quiero quisiera necesito quería
    `),
    opening: words('hola bueno pues mire quizás'),
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
  },
  fr: {
    open: words(`
      le la les un une des du mon ma mes notre votre
      et ou mais parce si quand que comme
      avec pour de en à au aux dans sur chez sans depuis point arobase
      je j'ai nous il elle est c'est suis voudrais aimerais
    `),
    opening: words('bonjour allô alors bon peut-être'),
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
  },
  de: {
    open: words(`
      der die das den dem des ein eine einen einem einer mein meine meinen unser unsere ihr ihre
      und oder aber weil dass wenn ob als wie
      mit für von vom zu zum zur an am in im auf bei nach seit um punkt
      ich wir er ist bin war habe hätte möchte würde brauche
    `),
    opening: words('hallo also vielleicht'),
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
  },
};

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
