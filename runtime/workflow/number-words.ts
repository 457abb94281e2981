/**
 * Digits as people say them: "five five five, oh one double two", "twenty five", "eight hundred".
 * Recognisers write some digits as their homophones ("for", "to", "ate"); those count only between
 * other digits.
 */
export function digitsIn(spoken: string): string {
  const tokens = spoken.toLowerCase().match(/[a-z]+|\d+/g) ?? [];
  const readings = tokens.map(readingOf);
  let digits = '';
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    const reading = readings[i] ?? homophoneAt(tokens, readings, i);
    const repeat = REPEATS.get(token);
    const next = readings[i + 1];
    if (repeat !== undefined && next?.length === 1) {
      digits += next.repeat(repeat - 1);
    } else if (reading !== undefined && TENS.has(token) && next?.length === 1 && next !== '0') {
      digits += (reading[0] ?? '') + next;
      i++;
    } else if (reading !== undefined) {
      digits += reading + hundredsAfter(tokens[i + 1]);
    }
  }
  return digits;
}

const UNITS: ReadonlyMap<string, string> = new Map([
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'].map(
    (word, digit) => [word, String(digit)] as const,
  ),
  ['oh', '0'],
  ['o', '0'],
  ['nought', '0'],
  ['niner', '9'],
  ...[
    'ten',
    'eleven',
    'twelve',
    'thirteen',
    'fourteen',
    'fifteen',
    'sixteen',
    'seventeen',
    'eighteen',
    'nineteen',
  ].map((word, index) => [word, String(10 + index)] as const),
]);

const TENS: ReadonlyMap<string, string> = new Map(
  ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'].map((word, index) => [
    word,
    String((index + 2) * 10),
  ]),
);

const REPEATS: ReadonlyMap<string, number> = new Map([
  ['double', 2],
  ['triple', 3],
]);

const HOMOPHONES: ReadonlyMap<string, string> = new Map([
  ['won', '1'],
  ['to', '2'],
  ['too', '2'],
  ['for', '4'],
  ['fore', '4'],
  ['ate', '8'],
]);

const HUNDREDS: ReadonlyMap<string, string> = new Map([
  ['hundred', '00'],
  ['thousand', '000'],
]);

function readingOf(token: string): string | undefined {
  if (/^\d+$/.test(token)) return token;
  return UNITS.get(token) ?? TENS.get(token);
}

function homophoneAt(
  tokens: readonly string[],
  readings: readonly (string | undefined)[],
  index: number,
): string | undefined {
  const isDigit = (at: number) => readings[at] !== undefined || HOMOPHONES.has(tokens[at] ?? '');
  return isDigit(index - 1) && isDigit(index + 1) ? HOMOPHONES.get(tokens[index] ?? '') : undefined;
}

function hundredsAfter(next: string | undefined): string {
  return HUNDREDS.get(next ?? '') ?? '';
}
