/**
 * What a recogniser wrote → the words that were said: one space between them, and without notes on
 * sounds such as [BLANK_AUDIO], (music), *coughs* or ♪. Brackets around digits stay: (555) 010-0000.
 */
export function spokenWords(written: string): string {
  const words = written
    .replace(/\[[^\]\d]*\]|\([^)\d]*\)|\*[^*\d]*\*|[♪♫]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return /[\p{L}\p{N}]/u.test(words) ? words : '';
}
