import { readFileSync } from 'node:fs';

const LINES = 12;
const LINE_CHARACTERS = 400;

/** The last lines of a log, indented, for an error message; a note where there is none. */
export function logTail(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return '  (there is no log)';
  }
  const lines = text.trimEnd().split('\n').slice(-LINES);
  return lines.every((line) => line === '')
    ? '  (the log is empty)'
    : lines.map((line) => `  ${line.slice(0, LINE_CHARACTERS)}`).join('\n');
}
