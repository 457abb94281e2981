/**
 * Reads vitest's JSON report for `.ci/run`: `counts` prints the numbers of tests that passed and failed,
 * `failures` each failed test or file with the first lines of its error.
 */
import { readFileSync } from 'node:fs';

const LINES_OF_AN_ERROR = 12;
const [what, file] = process.argv.slice(2);
const report = JSON.parse(readFileSync(file, 'utf8'));

if (what === 'counts') {
  process.stdout.write(`${report.numPassedTests} ${report.numFailedTests}\n`);
} else {
  for (const { name, message, assertionResults } of report.testResults) {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    for (const { fullName, failureMessages } of failed) show(name, fullName, failureMessages.join('\n'));
    // A file that could not be loaded has no tests of its own that failed.
    if (failed.length === 0 && message) show(name, '', message);
  }
}

function show(name, test, message) {
  const path = name.replace(`${process.cwd()}/`, '');
  const lines = message.split('\n').slice(0, LINES_OF_AN_ERROR);
  process.stdout.write(
    `${['', `FAILED ${path} ${test}`.trimEnd(), ...lines.map((line) => `    ${line}`)].join('\n')}\n`,
  );
}
