import type { LanguageWords, NumberWords } from './language-words.ts';

const SMALL =
  'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve'.split(
    ' ',
  );
const TENS = 'treinta cuarenta cincuenta sesenta setenta ochenta noventa'.split(' ');

const NUMBERS: NumberWords = {
  cardinals: new Map([
    ...SMALL.map((word, value) => [word, value] as const),
    ...TENS.flatMap((ten, index) => {
      const value = (index + 3) * 10;
      const compounds = SMALL.slice(1, 10).map(
        (unit, below) => [`${ten} y ${unit}`, value + below + 1] as const,
      );
      return [[ten, value] as const, ...compounds];
    }),
    ['un', 1],
    ['una', 1],
  ]),
  ordinals: new Map([
    ['primero', 1],
    ['primer', 1],
    ['primera', 1],
    ['segundo', 2],
    ['segunda', 2],
    ['tercero', 3],
    ['tercera', 3],
    ['cuarta', 4],
  ]),
  digits: SMALL.slice(0, 10),
  hundred: new Set(['cien', 'cientos']),
  thousand: new Set(['mil']),
  repeats: new Map([
    ['doble', 2],
    ['triple', 3],
  ]),
  homophones: new Map(),
};

export const SPANISH: LanguageWords = {
  numbers: NUMBERS,
  fillers: /^(?:(?:eh|em|este|pues|bueno|ah|oh|mmm|hm|a ver)\b ?)+/,
  yes: /^(?:si|claro|correcto|exacto|exactamente|eso es|asi es|vale|de acuerdo|por supuesto|perfecto|muy bien|esta bien|es correcto)\b/,
  no: /^(?:no|incorrecto|equivocado|eso no|esta mal|es incorrecto)\b/,
  done: /^(?:(?:no|vale|y|bueno|si|gracias|creo que) ?)*(?:eso es todo|es todo|nada(?: mas)?|ya esta|he terminado|no(?: gracias)?)(?: (?:gracias|adios|por ahora|muchas))*$/,
  name: {
    leadIn:
      /^(?:(?:si|hola|buenas|buenos d[ií]as|buenas tardes|bueno|pues|eh|no|perd[oó]n|claro)(?=[\s,.!]|$)[\s,.!]*|(?:me llamo|mi nombre(?: completo)? es|el nombre es|soy|habla|le habla|es)(?:\s+|$))/i,
    after:
      /(?:[,.!?;](?=\s|$)|\s+(?:pero|llamo|llamaba|gracias|por favor|mi|quiero|quer[ií]a|para|puede|ll[aá]me(?:me|nme)?|con|al|estoy)(?=\s|$)).*$/i,
    particles: new Set('de la del los las y da dos van von'.split(' ')),
    notAName:
      /^(?:que|cuando|donde|quien|por que|como|cual|cuanto|puedo|puede|tienen|hay|esta|estan|quiero|queria|no|yo|la|el|un|una)\b/,
  },
  email: {
    leadIn: /^.*?\b(?:correo(?: electronico)?(?: es)?|e-?mail(?: es)?|direccion(?: es)?|es)\s+/,
    at: /\s*\barroba\b\s*/g,
    dot: /\s*\bpunto\b\s*/g,
    underscore: /\s*\b(?:guion bajo|subrayado)\b\s*/g,
    dash: /\s*\b(?:guion(?: medio)?|menos)\b\s*/g,
    plus: /\s*\bmas\b\s*/g,
    spelling: /\b([a-z])\s+de\s+[a-z]+\b/g,
    noise: /\b(?:todo (?:junto|en minusculas)|minusculas?|por favor|gracias)\b/g,
    spoken: { '@': 'arroba', '.': 'punto', _: 'guion bajo', '-': 'guion', '+': 'más' },
  },
  ownNumber:
    /\b(?:este (?:mismo )?(?:numero|telefono)|el (?:mismo|numero)(?: numero)? (?:desde el )?(?:que|del que) (?:llamo|estoy llamando|le llamo)|mismo numero|desde el que (?:llamo|estoy llamando))\b/,
  plus: /^(?:.*\s)?mas$/,
  dates: {
    relative: [
      [/\bpasado manana\b/, 2],
      [/(?<!\b(?:la|de|esta) )\bmanana\b/, 1],
      [/\b(?:hoy|esta (?:manana|tarde|noche)|cuanto antes)\b/, 0],
    ],
    later: /\b(?:en|dentro de) (?<n>\d+|un|una) (?<unit>dia|semana|mes)(?:e?s)?\b/,
    units: { d: 'days', s: 'weeks', m: 'months' },
    next: /\b(?:proxim[oa]|que viene|siguiente)\b/,
    dayAlone: /\b(?:el|dia) (?<d>\d{1,2})\b/,
    of: '(?: de)? ',
  },
  times: {
    about: /\b(?:sobre|alrededor|aproximadamente|mas o menos|a eso de)\b/,
    noon: /\bmediodia\b/,
    midnight: /\bmedianoche\b/,
    morning: /\b(?:am|(?:de|por) la manana)\b/,
    afternoon: /\b(?:pm|(?:de|por) la (?:tarde|noche))\b/,
    patterns: [
      [/\b(?<h>\d{1,2}) y media\b/, 30],
      [/\b(?<h>\d{1,2}) y cuarto\b/, 15],
      [/\b(?<h>\d{1,2}) menos cuarto\b/, -15],
      [/\b(?<h>\d{1,2}) menos (?<back>\d{1,2})\b/, 0],
      [/\b(?<h>\d{1,2})(?: horas)?(?: y |[: .])(?<m>[0-5]?\d)\b/, 0],
      [/\blas? (?<h>\d{1,2})\b/, 0],
      [/\b(?<h>\d{1,2})(?: en punto| horas?\b| de la|(?= ?[ap]m\b))/, 0],
    ],
  },
};
