/**
 * What was said, for comparing: lower case, without accents and punctuation, single spaces. Patterns over
 * it are plain ASCII, where \b means what it says.
 */
export function plainText(text: string): string {
  return withoutAccents(text)
    .replace(/[^a-z0-9'+@ ]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Lower case and ASCII letters, punctuation kept: "Café, s'il vous plaît" → "cafe, s'il vous plait". */
export function withoutAccents(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('œ', 'oe')
    .replaceAll('’', "'")
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
}
